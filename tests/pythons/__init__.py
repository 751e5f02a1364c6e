"""Runs the quick tests on every Python that we promise and that can be had here: ``make pythons``."""

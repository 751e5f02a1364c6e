"""Doubles that only tests use."""

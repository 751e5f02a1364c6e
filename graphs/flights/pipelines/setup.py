"""Packs the modules that the pipelines share, for Dataflow's workers; the embedded mode does not need it."""

from setuptools import setup

setup(name="flights-pipelines", version="1.0", py_modules=["flights_io", "report_page"])

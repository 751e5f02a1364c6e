"""Dataflow jobs, launched from templates. Importing it costs 100 ms (Google's client): only the cloud's wiring does."""

from orchestrator.jobs.dataflow.backend import DataflowBackend

__all__ = ["DataflowBackend"]

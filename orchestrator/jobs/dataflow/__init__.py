"""Dataflow jobs, launched from templates. Importing it costs 100 ms (Google's client): only the cloud's wiring does."""

from orchestrator.jobs.dataflow.backend import DRAIN_FOR, DataflowBackend

__all__ = ["DRAIN_FOR", "DataflowBackend"]

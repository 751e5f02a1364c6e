"""The Python API for running graphs, which ``orchestrator`` shows as its own. It prints nothing."""

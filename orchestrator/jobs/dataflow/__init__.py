"""Dataflow jobs, from templates. ``backend`` imports Google's client (100 ms): only the cloud's wiring does."""

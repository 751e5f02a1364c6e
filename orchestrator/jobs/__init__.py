"""Job backends: what a step can run. Each file is one adapter of the JobBackend port."""

"""Users' Python functions as jobs: in threads, in separate processes, or within a request."""

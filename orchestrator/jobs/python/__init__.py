"""Users' Python functions as jobs: in threads, in processes of their own, or inside a request."""

"""One file a command. Each has a click command called ``command`` and a row in ``cli/app.py``."""

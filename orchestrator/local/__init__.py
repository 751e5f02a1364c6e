"""The embedded form: the same engine in one process, on SQLite and a local queue."""

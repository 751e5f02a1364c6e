"""The store of the embedded form, on SQLite."""

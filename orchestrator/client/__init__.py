"""A deployed function called from outside: who calls (identity.py), and how a run is started once (start.py)."""

"""Graphs as users write them, in YAML, JSON or Python, and how they become core graphs."""

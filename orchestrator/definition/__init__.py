"""What users write, in YAML, JSON or Python, and how it becomes a core graph. It runs nothing and stores nothing."""

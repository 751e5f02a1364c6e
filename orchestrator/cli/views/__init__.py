"""How runs and findings look in a terminal."""

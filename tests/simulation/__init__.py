"""The simulation: the real engine in a seeded world where everything that can go wrong does, at every call."""

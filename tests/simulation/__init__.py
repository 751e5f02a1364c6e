"""The simulation: the real engine in a seeded world in which everything that can go wrong does, at any call."""

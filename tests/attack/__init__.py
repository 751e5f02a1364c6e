"""Attacks: what broke the product once, tried again on the real thing. One file an attack; ``make attack`` runs all."""

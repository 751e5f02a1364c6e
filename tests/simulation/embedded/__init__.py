"""The embedded world, by seed: the real loop on a real SQLite file, killed at any line, on a simulated machine.

    python -m tests.simulation.embedded --seeds 200, or --seed 7

Simulated are the clocks, the commands, which outlive the process that started them, and how long functions take.
Everything else is the product. Waiting for the end of a job only advances the simulated clock, so nothing takes time.
The oracle says how a run must end; it knows nothing of kills, since what a kill interrupts is tried again.
"""

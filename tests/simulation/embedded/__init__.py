"""The embedded world, by a seed: the real loop on a real SQLite file, killed at any line, on a machine that is played.

    python -m tests.simulation.embedded --seeds 200, or --seed 7

Played are the clocks, the commands, which outlive whoever started them, and how long functions take: everything else
is the product. Who waits for the end of a job lets time pass, so nothing here takes time. Whether it went well says
the oracle, which knows nothing of kills: what a kill interrupts is tried again.
"""

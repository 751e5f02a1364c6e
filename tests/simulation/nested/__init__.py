"""Worlds in which steps are runs of their own: the real engine on several machines, with faults, cancels and crashes.

They are much smaller than those of ``tests.simulation``, and try only what comes with runs inside runs.
"""

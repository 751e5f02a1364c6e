"""Starts the runs of schedules at their times on this machine."""

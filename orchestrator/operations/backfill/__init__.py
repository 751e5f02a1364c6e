"""Backfills: a run for each slot of a schedule, on this machine or in a deployment."""

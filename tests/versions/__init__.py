"""Stores that other versions of this program wrote, or read."""

"""Measurements. Ratios within one run say more than milliseconds, because machines are noisy."""

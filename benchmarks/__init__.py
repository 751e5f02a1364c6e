"""Measurements. Ratios within one run say more than milliseconds: machines are noisy."""

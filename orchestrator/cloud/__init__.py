"""The deployed form: settings, wiring, and what its functions share."""

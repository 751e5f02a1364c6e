"""What people do to runs: find, cancel, verify."""

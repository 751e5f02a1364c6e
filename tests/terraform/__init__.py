"""Terraform, run for real against an imaginary Google, and looked at from Python."""

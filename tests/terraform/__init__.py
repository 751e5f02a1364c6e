"""Terraform, run for real against an imaginary Google (../shared/tools/terraform-google-stub), and looked at from Python."""

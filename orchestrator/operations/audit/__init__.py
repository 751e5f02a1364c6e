"""Finds jobs and processes that still run, and whose end no run waits for."""

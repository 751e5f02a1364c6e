"""Queues of delayed, named tasks. Each file is one adapter of the Queue port."""

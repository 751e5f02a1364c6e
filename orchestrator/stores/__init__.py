"""Stores: where runs live. Each file is one adapter of the Store port."""

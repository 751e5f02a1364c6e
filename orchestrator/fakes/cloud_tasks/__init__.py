"""A fake of Cloud Tasks: a gRPC server that the real client can call."""

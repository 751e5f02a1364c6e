"""A fake of Cloud Tasks: a gRPC server that takes the calls of the real client."""

"""A fake of Dataflow: an HTTP server that the real client can call."""

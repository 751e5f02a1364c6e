"""A fake of Dataflow: an HTTP server that takes the calls of the real client."""

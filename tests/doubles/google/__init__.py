"""A fake of the Google APIs that doctor reads: it answers from plain mappings."""

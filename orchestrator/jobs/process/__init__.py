"""Commands as local processes that outlive their launcher."""

"""Adapters to those who are notified: a URL, a Pub/Sub topic, a command. Each hands over one CloudEvents 1.0 event."""

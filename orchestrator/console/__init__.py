"""The HTTP interface of a deployment: what the functions ``console`` and ``console_view`` answer."""

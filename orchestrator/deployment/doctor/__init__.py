"""``orchestrator doctor``: what is missing or wrong in a deployment, and what fixes it. It reads, and changes nothing.

``checks.py`` is the table; each file beside it looks at one subject through ``world.py``, which asks once for each
thing. What a deployment should be is in orchestrator/deployment.
"""

"""``orchestrator doctor``: what is missing or wrong in a deployment, and how to fix it. It changes nothing.

``checks.py`` is the table of checks. Each of the other files checks one subject through ``world.py``, which reads each
resource once. What a deployment should consist of is in orchestrator/deployment.
"""

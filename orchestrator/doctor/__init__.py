"""``orchestrator doctor``: what is missing or wrong in a deployment, and what mends it. It reads, and changes nothing.

``checks.py`` is the table; each file beside it looks at one subject through ``world.py``, which asks once for each
thing. What a deployment should be is in orchestrator/deployment.
"""

from orchestrator.doctor.checks import CHECKS, examine
from orchestrator.doctor.findings import UNWELL, Finding, Level, Result
from orchestrator.doctor.world import Here, World, look_here

__all__ = ["CHECKS", "UNWELL", "Finding", "Here", "Level", "Result", "World", "examine", "look_here"]

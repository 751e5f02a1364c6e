"""What a deployment consists of: the names that Terraform gives and the grants that it makes. Pure.

Terraform cannot read Python, so terraform/ repeats all this. tests/terraform compares every line here with a plan, and
``orchestrator doctor`` compares it with a live project.
"""

from orchestrator.deployment.grants import GRANTS, Grant
from orchestrator.deployment.names import FUNCTIONS, ROLES, Deployment

__all__ = ["FUNCTIONS", "GRANTS", "ROLES", "Deployment", "Grant"]

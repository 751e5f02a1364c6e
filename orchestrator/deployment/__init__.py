"""What a deployment is made of: the names Terraform gives and the grants it makes. Pure; the same words in terraform/.

Terraform cannot read Python, so it says the same once more; tests/terraform compares a plan with every line here, and
``orchestrator doctor`` compares a live project with it.
"""

from orchestrator.deployment.grants import GRANTS, Grant
from orchestrator.deployment.names import FUNCTIONS, ROLES, Deployment

__all__ = ["FUNCTIONS", "GRANTS", "ROLES", "Deployment", "Grant"]

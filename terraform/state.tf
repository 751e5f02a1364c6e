# A state holds one orchestrator. With the variables of another one Terraform would destroy the first to make the second,
# so the state remembers whose it is, and nothing is planned in it, neither a change nor a destroy, for any other.

locals {
  deployment = "${local.base} in ${var.project}, ${var.region}"

  instead = join(" ", [
    "and the variables say ${local.deployment}: to make that here would destroy what there is.",
    "Give each a state of its own, with 'terraform -chdir=terraform workspace new ${var.environment}' ('workspace select', if there is one already) or another prefix of the backend.",
    "To change what this state holds, pass the variables that it was made with.",
  ])
}

resource "terraform_data" "deployment" {
  input = local.deployment

  lifecycle {
    ignore_changes = [input] # so that it stays what it was when it was made

    postcondition {
      condition     = self.input == local.deployment
      error_message = "This state holds ${self.input}, ${local.instead}"
    }
  }
}

# Everything of Google's needs its provider, so nothing is planned before the state is known to be the right one. A destroy
# only warns of a condition that does not hold: a provider that cannot be configured stops it.
provider "google" {
  project        = terraform_data.deployment.input == local.deployment ? var.project : tobool("This state holds ${terraform_data.deployment.input}, ${local.instead}")
  region         = var.region
  default_labels = local.labels
}

# A state belongs to one orchestrator. With the variables of another one, Terraform would destroy the first to create the second.
# So the state records which one, and Terraform refuses to plan a change or a destroy with other variables.

locals {
  deployment = "${local.base} in ${var.project}, ${var.region}"

  instead = join(" ", [
    "but the variables say ${local.deployment}: creating that here would destroy what exists.",
    "Give each its own state, with 'terraform -chdir=terraform workspace new ${var.environment}' ('workspace select' if it exists already) or another prefix of the backend.",
    "To change what is in this state, pass the variables that it was created with.",
  ])
}

resource "terraform_data" "deployment" {
  input = local.deployment

  lifecycle {
    ignore_changes = [input] # it keeps the value it was created with

    postcondition {
      condition     = self.input == local.deployment
      error_message = "This state belongs to ${self.input}, ${local.instead}"
    }
  }
}

# All of Google's resources need this provider, so nothing is planned before the state is known to be the right one. In a
# destroy a failed condition is only a warning, but a provider that cannot be configured stops it.
provider "google" {
  project        = terraform_data.deployment.input == local.deployment ? var.project : tobool("This state belongs to ${terraform_data.deployment.input}, ${local.instead}")
  region         = var.region
  default_labels = local.labels
}

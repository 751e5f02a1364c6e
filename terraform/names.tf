# The names of everything. orchestrator/deployment/names.py says the same in Python, and a test compares the two.

locals {
  base = "${var.name}-${var.environment}"

  labels = merge({ orchestrator = local.base, environment = var.environment }, var.labels)

  # The project's number is in the second address of each Cloud Run service, which is known before the service exists:
  # so on_task can be told where its own tasks go.
  urls = { for target in keys(local.functions) : target => "https://${local.function_names[target]}-${data.google_project.this.number}.${var.region}.run.app" }

  function_names = { for target in keys(local.functions) : target => "${local.base}-${replace(target, "_", "-")}" }

  # Ours are told from other jobs by the form of their names (orchestrator/core/names.py, job_name_pattern).
  job_names = "^${local.base}--[a-z][-a-z0-9]*--[a-z2-7]{10}-[0-9a-f]+-[1-9][0-9]*$"

  by_logs     = contains(["logs", "both"], var.signal_source)
  by_eventarc = contains(["eventarc", "both"], var.signal_source)
}

data "google_project" "this" {
  project_id = var.project
}

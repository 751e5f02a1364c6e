# The names of all resources. orchestrator/deployment/names.py has the same in Python, and a test compares them.

locals {
  base = "${var.name}-${var.environment}"

  labels = merge({ orchestrator = local.base, environment = var.environment }, var.labels)

  # The URLs of Cloud Run services that contain the project's number. They are known before the services exist, so
  # on_task can be given its own.
  urls = { for target in keys(local.functions) : target => "https://${local.function_names[target]}-${data.google_project.this.number}.${var.region}.run.app" }

  function_names = { for target in keys(local.functions) : target => "${local.base}-${replace(target, "_", "-")}" }

  # Our jobs are recognised by the form of their names (job_name_pattern in orchestrator/core/names.py).
  job_names = "^${local.base}--[a-z][-a-z0-9]*--[a-z2-7]{10}-[0-9a-f]+-[1-9][0-9]*$"

  by_logs     = contains(["logs", "both"], var.signal_source)
  by_eventarc = contains(["eventarc", "both"], var.signal_source)
}

data "google_project" "this" {
  project_id = var.project
}

# Exports the log entries which say that one of our jobs may have ended, and no others: what the filter excludes calls no
# function and costs nothing.

locals {
  # The first is logged after success, failure and cancellation, but never after a failed launch, which the third and
  # later texts report. orchestrator/cloud/endings.py has the same texts, and says how they are matched.
  endings = [
    "Worker pool stopped.",
    "Workflow failed",
    "launcher container",
    "launcher VM",
    "Template launch failed",
    "Timeout in polling result file",
    "Failed to start the VM,",
    "Failed to read the job file",
    "Failed to read the result file",
    "template_launches/",
  ]

  log_filter = join(" AND ", [
    "resource.type=\"dataflow_step\"",
    "logName=\"projects/${var.project}/logs/dataflow.googleapis.com%2Fjob-message\"",
    "resource.labels.job_name=~\"${local.job_names}\"",
    "(${join(" OR ", [for ending in local.endings : "textPayload:\"${ending}\""])})",
  ])
}

resource "google_logging_project_sink" "signals" {
  for_each = local.by_logs ? toset(["signals"]) : toset([])

  name                   = "${local.base}-signals"
  description            = "Ends of the Dataflow jobs of ${local.base}"
  destination            = "pubsub.googleapis.com/${google_pubsub_topic.topic["signals"].id}"
  filter                 = local.log_filter
  unique_writer_identity = true
}

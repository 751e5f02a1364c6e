# Dataflow's log entries that tell that a job of ours may have ended, and no others: what the filter leaves out starts
# no function and costs nothing.

locals {
  # The first comes after success, failure and cancellation alike, but never after a failed launch; the others tell of
  # that. orchestrator/signals.py reads the same four.
  endings = [
    "Worker pool stopped.",
    "Error occurred in the launcher container",
    "Workflow failed",
    "Timeout in polling result file",
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

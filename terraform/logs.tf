# The functions' logs, kept for 'log_retention_days'. Without it they stay in the bucket of all logs (_Default, 30 days).

locals {
  own_logs = var.log_retention_days == null ? toset([]) : toset(["logs"])
}

resource "google_logging_project_bucket_config" "logs" {
  for_each = local.own_logs

  project        = var.project
  location       = var.region
  bucket_id      = local.base
  description    = "Logs of the functions of ${local.base}"
  retention_days = var.log_retention_days

  depends_on = [google_project_service.api]
}

# A sink to a log bucket in the same project needs no grant.
resource "google_logging_project_sink" "logs" {
  for_each = local.own_logs

  name                   = "${local.base}-logs"
  description            = "Logs of the functions of ${local.base}"
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.logs[each.key].id}"
  filter                 = local.our_logs
  unique_writer_identity = true
}

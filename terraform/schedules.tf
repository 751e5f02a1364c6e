# Cloud Scheduler jobs: one for the sweep, and one for each graph with a schedule.

locals {
  # A retry has the same X-CloudScheduler-ScheduleTime, from which the run's id is made, so it starts no second run.
  retries = { retry_count = 5, min_backoff_duration = "30s", max_backoff_duration = "300s", max_doublings = 3 }
}

resource "google_cloud_scheduler_job" "sweep" {
  name             = "${local.base}-sweep"
  region           = var.region
  description      = "Queues again what unfinished runs of ${local.base} still owe"
  schedule         = var.sweep_schedule
  time_zone        = "Etc/UTC"
  attempt_deadline = "${local.functions.sweep.timeout}s"

  http_target {
    http_method = "POST"
    uri         = google_cloudfunctions2_function.function["sweep"].service_config[0].uri
    headers     = { "Content-Type" = "application/json" }
    body        = base64encode("{}")

    oidc_token {
      service_account_email = google_service_account.role["scheduler"].email
      audience              = local.urls.sweep
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_cloud_scheduler_job" "start" {
  for_each = local.schedules

  name             = "${local.base}-start-${each.key}"
  region           = var.region
  description      = "Starts the graph ${each.key} of ${local.base}"
  schedule         = each.value.cron
  time_zone        = each.value.time_zone
  paused           = each.value.paused
  attempt_deadline = "${local.functions.start.timeout}s"

  retry_config {
    retry_count          = local.retries.retry_count
    min_backoff_duration = local.retries.min_backoff_duration
    max_backoff_duration = local.retries.max_backoff_duration
    max_doublings        = local.retries.max_doublings
  }

  http_target {
    http_method = "POST"
    uri         = google_cloudfunctions2_function.function["start"].service_config[0].uri
    headers     = { "Content-Type" = "application/json" }
    body        = base64encode(jsonencode({ graph = each.key, params = each.value.params }))

    oidc_token {
      service_account_email = google_service_account.role["scheduler"].email
      audience              = google_cloudfunctions2_function.function["start"].service_config[0].uri
    }
  }

  depends_on = [google_project_service.api]
}

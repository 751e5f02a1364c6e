# Who is told of what. Made only where somebody is named: Google charges for each condition, every month.

locals {
  alerting = length(var.alerts.emails) + length(var.alerts.channels) > 0

  counted = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.counted.name}\" AND resource.type=\"cloud_run_revision\""
  queued  = join(" OR ", [for queue in google_cloud_tasks_queue.lane : "resource.label.queue_id=\"${queue.name}\""])

  alerts = !local.alerting ? {} : {
    "failed runs" = {
      filter    = "${local.counted} AND metric.label.counted=\"run_failed\""
      aligner   = "ALIGN_SUM", reducer = "REDUCE_SUM", group_by = ["metric.label.graph"], threshold = 0, duration = "0s", severity = "ERROR"
      says      = "A run has failed."
      look_with = "orchestrator runs --store firestore://${var.project}/${local.database}, then explain RUN"
    }
    "stuck runs" = {
      filter    = "${local.counted} AND metric.label.counted=\"run_stuck\""
      aligner   = "ALIGN_SUM", reducer = "REDUCE_SUM", group_by = ["metric.label.graph"], threshold = 0, duration = "0s", severity = "WARNING"
      says      = "A run has been running for more than ${var.alerts.stuck_after} seconds."
      look_with = "orchestrator status RUN --store firestore://${var.project}/${local.database}"
    }
    "late tasks" = {
      filter    = "metric.type=\"cloudtasks.googleapis.com/queue/task_attempt_delays\" AND resource.type=\"cloud_tasks_queue\" AND (${local.queued})"
      aligner   = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX", group_by = ["resource.label.queue_id"], threshold = var.alerts.late_after * 1000, duration = "300s", severity = "WARNING"
      says      = "Tasks wait for more than ${var.alerts.late_after} seconds after they are due."
      look_with = "orchestrator doctor --project ${var.project} --region ${var.region} --name ${var.name} --environment ${var.environment}"
    }
    "function errors" = {
      filter    = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.errors.name}\" AND resource.type=\"cloud_run_revision\""
      aligner   = "ALIGN_SUM", reducer = "REDUCE_SUM", group_by = ["resource.label.service_name"], threshold = 0, duration = "0s", severity = "ERROR"
      says      = "A function has logged an error."
      look_with = "orchestrator doctor --project ${var.project} --region ${var.region} --name ${var.name} --environment ${var.environment}"
    }
  }
}

resource "google_monitoring_notification_channel" "email" {
  for_each = var.alerts.emails

  display_name = "${local.base} ${each.key}"
  type         = "email"
  labels       = { email_address = each.key }
  user_labels  = local.labels

  depends_on = [google_project_service.api]
}

resource "google_monitoring_alert_policy" "alert" {
  for_each = local.alerts

  display_name          = "${local.base}: ${each.key}"
  combiner              = "OR"
  severity              = each.value.severity
  user_labels           = local.labels
  notification_channels = concat([for channel in google_monitoring_notification_channel.email : channel.name], tolist(var.alerts.channels))

  conditions {
    display_name = each.key

    condition_threshold {
      filter          = each.value.filter
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.threshold
      duration        = each.value.duration

      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = each.value.aligner
        cross_series_reducer = each.value.reducer
        group_by_fields      = each.value.group_by
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "${each.value.says}\n\nLook with `${each.value.look_with}`."
  }

  alert_strategy {
    auto_close = "86400s"
  }

  depends_on = [time_sleep.metrics]
}

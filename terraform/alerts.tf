# Alerts. They are created only if 'alerts' names e-mails or channels: Google charges for each condition, every month.

locals {
  alerting = length(var.alerts.emails) + length(var.alerts.channels) > 0

  counted = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.counted.name}\" AND resource.type=\"cloud_run_revision\""
  queued  = join(" OR ", [for queue in google_cloud_tasks_queue.lane : "resource.label.queue_id=\"${queue.name}\""])

  console = "https://console.cloud.google.com"
  store   = "--store 'firestore://${var.project}/${local.database}'"
  doctor  = "orchestrator doctor --project ${var.project} --region ${var.region} --name ${var.name} --environment ${var.environment}"

  # Monitoring replaces $${…} in texts by values (Google: "Annotate notifications with user-defined documentation").
  run  = "$${log.extracted_label.run}"
  step = "$${log.extracted_label.step}"

  run_logs = "${local.console}/logs/query;query=${replace(urlencode("resource.type=\"cloud_run_revision\" AND jsonPayload.run="), "+", "%20")}%22${local.run}%22?project=${var.project}"

  # Alerts on one log entry: its fields name the run and the problem. again: seconds between two notifications.
  told = {
    "failed run" = {
      counted = "run_failed", severity = "ERROR", again = 300, fields = ["graph", "run", "message"]
      look    = "orchestrator status ${local.run} ${local.store}"
    }
    "failed step" = {
      counted = "step_failed", severity = "ERROR", again = 300, fields = ["graph", "run", "step", "cause", "message"]
      look    = "orchestrator explain ${local.run} ${local.step} ${local.store}"
    }
    "stuck run" = {
      counted = "run_stuck", severity = "WARNING", again = 86400, fields = ["graph", "run", "message"]
      look    = "orchestrator status ${local.run} ${local.store}"
    }
  }
  told_of = { for name, alert in local.told : name => alert if local.alerting }

  # Alerts on a number that has grown too large.
  alerts = !local.alerting ? {} : {
    "late tasks" = {
      filter  = "metric.type=\"cloudtasks.googleapis.com/queue/task_attempt_delays\" AND resource.type=\"cloud_tasks_queue\" AND (${local.queued})"
      aligner = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX", group_by = ["resource.label.queue_id"], threshold = var.alerts.late_after * 1000, duration = "300s", severity = "WARNING"
      says    = "Tasks of the queue $${resource.label.queue_id} are more than ${var.alerts.late_after} seconds late."
      link    = "${local.console}/cloudtasks/queue/${var.region}/$${resource.label.queue_id}/tasks?project=${var.project}"
    }
    "function errors" = {
      filter  = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.errors.name}\" AND resource.type=\"cloud_run_revision\""
      aligner = "ALIGN_SUM", reducer = "REDUCE_SUM", group_by = ["resource.label.service_name"], threshold = 0, duration = "0s", severity = "ERROR"
      says    = "The function $${resource.label.service_name} has logged an error that is not about a failed run or step."
      link    = "${local.console}/logs/query;query=${replace(urlencode("severity>=ERROR AND resource.labels.service_name="), "+", "%20")}%22$${resource.label.service_name}%22?project=${var.project}"
    }
  }

  channels = concat([for channel in google_monitoring_notification_channel.email : channel.name], tolist(var.alerts.channels))
}

resource "google_monitoring_notification_channel" "email" {
  for_each = var.alerts.emails

  display_name = "${local.base} ${each.key}"
  type         = "email"
  labels       = { email_address = each.key }
  user_labels  = local.labels

  depends_on = [google_project_service.api]
}

resource "google_monitoring_alert_policy" "told" {
  for_each = local.told_of

  display_name          = "${local.base}: ${each.key}"
  combiner              = "OR"
  severity              = each.value.severity
  user_labels           = local.labels
  notification_channels = local.channels

  conditions {
    display_name = each.key

    condition_matched_log {
      filter           = "${local.our_logs} AND jsonPayload.counted=\"${each.value.counted}\""
      label_extractors = { for field in each.value.fields : field => "EXTRACT(jsonPayload.${field})" }
    }
  }

  documentation {
    mime_type = "text/markdown"
    subject   = "${local.base}: ${each.key}: ${local.run}${contains(each.value.fields, "step") ? " ${local.step}" : ""}"
    content   = "$${log.extracted_label.message}\n\n${join("\n", [for field in each.value.fields : "- ${field}: $${log.extracted_label.${field}}" if field != "message"])}\n\nFor details: `${each.value.look}`"

    links {
      display_name = "The functions' logs of this run"
      url          = local.run_logs
    }
  }

  alert_strategy {
    auto_close = "86400s"

    notification_rate_limit {
      period = "${each.value.again}s"
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_monitoring_alert_policy" "alert" {
  for_each = local.alerts

  display_name          = "${local.base}: ${each.key}"
  combiner              = "OR"
  severity              = each.value.severity
  user_labels           = local.labels
  notification_channels = local.channels

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
    content   = "${each.value.says}\n\nTo check the deployment: `${local.doctor}`"

    links {
      display_name = "Where to look"
      url          = each.value.link
    }
  }

  alert_strategy {
    auto_close = "86400s"
  }

  depends_on = [time_sleep.metrics]
}

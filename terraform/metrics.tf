# Metrics from the functions' structured logs. A metric costs nothing until something is logged.

locals {
  ends  = ["run_succeeded", "run_failed", "run_cancelled"]
  wrong = ["run_stuck", "step_failed", "task_dropped", "malformed", "unreadable", "task_refused"]

  our_logs = "resource.type=\"cloud_run_revision\" AND (${join(" OR ", [for name in values(local.function_names) : "resource.labels.service_name=\"${name}\""])})"
}

# Log entries with a field "counted" (functions/README.md, "What is counted").
resource "google_logging_metric" "counted" {
  name        = "${local.base}-counted"
  description = "What the functions of ${local.base} count in their logs"
  filter      = "${local.our_logs} AND jsonPayload.counted:*"

  label_extractors = {
    counted = "EXTRACT(jsonPayload.counted)"
    graph   = "EXTRACT(jsonPayload.graph)"
  }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"

    labels {
      key         = "counted"
      value_type  = "STRING"
      description = "What happened"
    }
    labels {
      key         = "graph"
      value_type  = "STRING"
      description = "The run's graph"
    }
  }

  depends_on = [google_project_service.api]
}

# A failed run or step is also logged as an error, but it is not an error of a function.
resource "google_logging_metric" "errors" {
  name        = "${local.base}-errors"
  description = "Errors of the functions of ${local.base}"
  filter      = "${local.our_logs} AND severity>=ERROR AND NOT jsonPayload.counted=\"run_failed\" AND NOT jsonPayload.counted=\"step_failed\""

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }

  depends_on = [google_project_service.api]
}

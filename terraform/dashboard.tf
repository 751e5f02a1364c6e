# The dashboard: how runs ended, how late tasks are, what the functions answered and logged.

locals {
  charts = [
    { title = "How runs ended", filter = "${local.counted} AND metric.label.counted=one_of(${join(",", [for what in local.ends : "\"${what}\""])})", aligner = "ALIGN_SUM", reducer = "REDUCE_SUM", by = ["metric.label.counted"], type = "STACKED_BAR" },
    { title = "What went wrong", filter = "${local.counted} AND metric.label.counted=one_of(${join(",", [for what in local.wrong : "\"${what}\""])})", aligner = "ALIGN_SUM", reducer = "REDUCE_SUM", by = ["metric.label.counted"], type = "STACKED_BAR" },
    { title = "Failed runs by graph", filter = "${local.counted} AND metric.label.counted=\"run_failed\"", aligner = "ALIGN_SUM", reducer = "REDUCE_SUM", by = ["metric.label.graph"], type = "STACKED_BAR" },
    { title = "Failed steps by graph", filter = "${local.counted} AND metric.label.counted=\"step_failed\"", aligner = "ALIGN_SUM", reducer = "REDUCE_SUM", by = ["metric.label.graph"], type = "STACKED_BAR" },
    { title = "Errors of functions", filter = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.errors.name}\" AND resource.type=\"cloud_run_revision\"", aligner = "ALIGN_SUM", reducer = "REDUCE_SUM", by = ["resource.label.service_name"], type = "STACKED_BAR" },
    { title = "Tasks waiting", filter = "metric.type=\"cloudtasks.googleapis.com/queue/depth\" AND resource.type=\"cloud_tasks_queue\" AND (${local.queued})", aligner = "ALIGN_MAX", reducer = "REDUCE_MAX", by = ["resource.label.queue_id"], type = "LINE" },
    { title = "How late tasks are (ms, 99th percentile)", filter = "metric.type=\"cloudtasks.googleapis.com/queue/task_attempt_delays\" AND resource.type=\"cloud_tasks_queue\" AND (${local.queued})", aligner = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX", by = ["resource.label.queue_id"], type = "LINE" },
    { title = "Requests by answer", filter = "metric.type=\"run.googleapis.com/request_count\" AND resource.type=\"cloud_run_revision\" AND (${local.called})", aligner = "ALIGN_SUM", reducer = "REDUCE_SUM", by = ["resource.label.service_name", "metric.label.response_code_class"], type = "STACKED_BAR" },
    { title = "How long requests take (ms, 99th percentile)", filter = "metric.type=\"run.googleapis.com/request_latencies\" AND resource.type=\"cloud_run_revision\" AND (${local.called})", aligner = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX", by = ["resource.label.service_name"], type = "LINE" },
    { title = "Instances", filter = "metric.type=\"run.googleapis.com/container/instance_count\" AND resource.type=\"cloud_run_revision\" AND (${local.called})", aligner = "ALIGN_MAX", reducer = "REDUCE_SUM", by = ["resource.label.service_name"], type = "STACKED_AREA" },
  ]

  called = join(" OR ", [for name in values(local.function_names) : "resource.label.service_name=\"${name}\""])
}

resource "google_monitoring_dashboard" "runs" {
  dashboard_json = jsonencode({
    displayName = local.base
    labels      = { orchestrator = "" }

    mosaicLayout = {
      columns = 12
      tiles = concat(
        [for number, chart in local.charts : {
          xPos   = (number % 2) * 6
          yPos   = floor(number / 2) * 4
          width  = 6
          height = 4
          widget = {
            title = chart.title
            xyChart = {
              dataSets = [{
                plotType = chart.type
                timeSeriesQuery = {
                  timeSeriesFilter = {
                    filter = chart.filter
                    aggregation = {
                      alignmentPeriod    = "300s"
                      perSeriesAligner   = chart.aligner
                      crossSeriesReducer = chart.reducer
                      groupByFields      = chart.by
                    }
                  }
                }
              }]
            }
          }
        }],
        [{
          xPos   = 0
          yPos   = ceil(length(local.charts) / 2) * 4
          width  = 12
          height = 6
          widget = {
            title     = "What the functions logged"
            logsPanel = { filter = "${local.our_logs} AND severity>=WARNING", resourceNames = ["projects/${var.project}"] }
          }
        }],
      )
    }
  })

  depends_on = [google_project_service.api]
}

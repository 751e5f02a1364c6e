# Three lanes: launches go slowly, so that a wide graph does not run into Dataflow's quota; everything else does not wait
# behind them. A deleted queue's name stays taken for days.

locals {
  # What on_task can take; a delivery beyond it would be refused, and slow its queue down.
  at_once = local.functions.on_task.max_instances * local.functions.on_task.concurrency

  # What signals ask for is looks and nothing else (orchestrator/engine/permitted.py): so they have a lane of their own.
  others = max(2, local.at_once - var.launches.at_once)

  lanes = {
    launches = { per_second = var.launches.per_second, at_once = var.launches.at_once }
    checks   = { per_second = 100, at_once = local.others - max(1, floor(local.others / 4)) }
    signals  = { per_second = 100, at_once = max(1, floor(local.others / 4)) }
  }
}

resource "google_cloud_tasks_queue" "lane" {
  for_each = local.lanes

  name     = "${local.base}-${each.key}"
  location = var.region

  rate_limits {
    max_dispatches_per_second = each.value.per_second
    max_concurrent_dispatches = each.value.at_once
  }

  # A task outlives an outage of hours: 100 tries, 5 minutes apart in the end, are 8 hours. What is given up after them
  # the sweep puts again. A task that meets the claim of another delivery waits for the launch lease in the same way.
  retry_config {
    max_attempts       = 100
    max_retry_duration = "0s"
    min_backoff        = "10s"
    max_backoff        = "300s"
    max_doublings      = 5
  }

  stackdriver_logging_config {
    sampling_ratio = 1
  }

  depends_on = [google_project_service.api]
}

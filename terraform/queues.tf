# Four queues: launches are slow, so that a wide graph stays within Dataflow's quota, and nothing else waits behind them.
# The name of a deleted queue cannot be used again for days.

locals {
  # How many requests on_task can handle at once. More would be refused, which slows their queue down.
  at_once = local.functions.on_task.max_instances * local.functions.on_task.concurrency

  # The other three queues need one each, even where launches.at_once or a small on_task would leave them none.
  for_launches = min(var.launches.at_once, local.at_once - 3)

  # Signals have their own queue, because their tasks may only check jobs (orchestrator/engine/queue_permissions.py).
  others      = local.at_once - local.for_launches
  for_signals = max(1, floor(local.others / 4))
  for_notices = max(1, floor(local.others / 8))

  # A task of the first three survives an outage of hours: 100 attempts, in the end 5 minutes apart, take 8 hours. The
  # sweep queues again what is given up after that. Notifications have their own queue, because receivers may be slow
  # or down for days. It never gives one up, since nobody looks at an ended run again; on_task does, after 4 days.
  retried = { attempts = 100, longest = "300s" }

  queues = {
    launches = merge(local.retried, { per_second = var.launches.per_second, at_once = local.for_launches })
    checks   = merge(local.retried, { per_second = 100, at_once = local.others - local.for_signals - local.for_notices })
    signals  = merge(local.retried, { per_second = 100, at_once = local.for_signals })
    notices  = { attempts = -1, longest = "1800s", per_second = 20, at_once = local.for_notices }
  }
}

# The address keeps its old name: under another one, Terraform would delete the queues and make them again.
resource "google_cloud_tasks_queue" "lane" {
  for_each = local.queues

  name     = "${local.base}-${each.key}"
  location = var.region

  rate_limits {
    max_dispatches_per_second = each.value.per_second
    max_concurrent_dispatches = each.value.at_once
  }

  # A task that finds its launch claimed also waits for the lease by being retried.
  retry_config {
    max_attempts       = each.value.attempts
    max_retry_duration = "0s"
    min_backoff        = "10s"
    max_backoff        = each.value.longest
    max_doublings      = 5
  }

  stackdriver_logging_config {
    sampling_ratio = 1
  }

  depends_on = [google_project_service.api]
}

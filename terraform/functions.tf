# The four entry points of functions/main.py, from one archive. None has an instance when nothing happens.

locals {
  # concurrency: functions-framework serves with four threads to a vCPU. Memory: benchmarks/README.md, "Cold start".
  sizes = {
    on_signal = { memory = "256Mi", cpu = "1", concurrency = 4, timeout = 30, max_instances = 5 }
    on_task   = { memory = "512Mi", cpu = "1", concurrency = 4, timeout = 120, max_instances = 20 }
    start     = { memory = "512Mi", cpu = "1", concurrency = 4, timeout = 60, max_instances = 5 }
    sweep     = { memory = "512Mi", cpu = "1", concurrency = 1, timeout = 540, max_instances = 1 }
  }

  functions = { for target, size in local.sizes : target => {
    for key, value in size : key => try(coalesce(var.functions[target][key]), value)
  } }

  run_as = { on_signal = "signals", on_task = "tasks", start = "starter", sweep = "starter" }

  # People call start; the others only Google's services of this project, which are inside.
  ingress = { start = { all = "ALLOW_ALL", internal = "ALLOW_INTERNAL_ONLY", load-balancer = "ALLOW_INTERNAL_AND_GCLB" }[var.start_ingress] }

  # For so long nobody else launches what one delivery of a task has claimed, and in the last part of that, the margin,
  # neither does that delivery, unless it could claim it anew. In the margin a call has its time-out of 60 s, its job
  # has 30 s to be seen in a list, and each of two clocks may be 60 s off (the engine's clock_skew).
  launch_margin = 2 * 60 + 60 + 30
  launch_lease  = local.functions.on_task.timeout + local.launch_margin

  # Only where both the account and the audience of a caller's token are ours to choose.
  verified = var.verify_tokens ? { on_task = ["caller", "looks"], sweep = ["scheduler"] } : {}

  environment = {
    ORCHESTRATOR_PROJECT           = var.project
    ORCHESTRATOR_REGION            = var.region
    ORCHESTRATOR_DATABASE          = local.database
    ORCHESTRATOR_LAUNCHES_QUEUE    = google_cloud_tasks_queue.lane["launches"].name
    ORCHESTRATOR_CHECKS_QUEUE      = google_cloud_tasks_queue.lane["checks"].name
    ORCHESTRATOR_SIGNALS_QUEUE     = google_cloud_tasks_queue.lane["signals"].name
    ORCHESTRATOR_TASK_URL          = local.urls.on_task
    ORCHESTRATOR_TASK_AUDIENCE     = local.urls.on_task
    ORCHESTRATOR_TASK_ACCOUNT      = google_service_account.role["caller"].email
    ORCHESTRATOR_SIGNALS_ACCOUNT   = google_service_account.role["looks"].email
    ORCHESTRATOR_FOLDER            = "."
    ORCHESTRATOR_JOB_PREFIX        = local.base
    ORCHESTRATOR_JOB_OPTIONS       = jsonencode(local.job_options)
    ORCHESTRATOR_VALUES            = jsonencode(var.values)
    ORCHESTRATOR_SIGNAL_DELAY      = tostring(var.signal_delay)
    ORCHESTRATOR_LAUNCH_LEASE      = tostring(local.launch_lease)
    ORCHESTRATOR_LAUNCH_MARGIN     = tostring(local.launch_margin)
    ORCHESTRATOR_RETENTION_DAYS    = var.run_retention_days == null ? "none" : tostring(var.run_retention_days)
    ORCHESTRATOR_STUCK_AFTER       = tostring(var.alerts.stuck_after)
    ORCHESTRATOR_SWEEP_FOR         = tostring(floor(local.functions.sweep.timeout / 2)) # the other half is the last run's
    ORCHESTRATOR_STARTERS          = jsonencode(local.limited_starters)
    ORCHESTRATOR_SCHEDULER_ACCOUNT = google_service_account.role["scheduler"].email
  }
}

resource "google_cloudfunctions2_function" "function" {
  for_each = local.functions

  #checkov:skip=CKV_GCP_124:start is called by people from outside, unless start_ingress says otherwise; run.invoker decides who. The others take calls from inside only.
  name         = local.function_names[each.key]
  location     = var.region
  description  = "${each.key} of ${local.base}"
  labels       = local.labels
  kms_key_name = var.kms_key

  build_config {
    runtime           = var.runtime
    entry_point       = each.key
    service_account   = google_service_account.role["builder"].id
    docker_repository = google_artifact_registry_repository.functions.id

    source {
      storage_source {
        bucket = google_storage_bucket.source.name
        object = google_storage_bucket_object.source.name
      }
    }
  }

  service_config {
    available_memory                 = each.value.memory
    available_cpu                    = each.value.cpu
    max_instance_request_concurrency = each.value.concurrency
    timeout_seconds                  = each.value.timeout
    min_instance_count               = 0
    max_instance_count               = each.value.max_instances
    ingress_settings                 = lookup(local.ingress, each.key, "ALLOW_INTERNAL_ONLY")
    service_account_email            = google_service_account.role[local.run_as[each.key]].email

    # Users' functions run in on_task; a graph in Python is read by start.
    environment_variables = merge(contains(["on_task", "start"], each.key) ? local.graph_env : {}, local.environment, {
      ORCHESTRATOR_VERIFY_AUDIENCE = contains(keys(local.verified), each.key) ? local.urls[each.key] : "none"
      ORCHESTRATOR_VERIFY_ACCOUNT  = try(join(",", [for role in local.verified[each.key] : google_service_account.role[role].email]), "none")
    })

    dynamic "secret_environment_variables" {
      for_each = each.key == "on_task" ? local.graph_secrets : {}
      content {
        key        = secret_environment_variables.key
        project_id = coalesce(secret_environment_variables.value.project, var.project)
        secret     = secret_environment_variables.value.secret
        version    = secret_environment_variables.value.version
      }
    }

    direct_vpc_egress = var.functions_subnetwork == null ? null : "VPC_EGRESS_PRIVATE_RANGES_ONLY"

    dynamic "direct_vpc_network_interface" {
      for_each = var.functions_subnetwork == null ? [] : [var.functions_subnetwork]
      content {
        subnetwork = direct_vpc_network_interface.value
      }
    }
  }

  # A build that may not read its source yet, or not write its image, fails only after minutes.
  depends_on = [time_sleep.grants]
}

# The six entry points of functions/main.py, from one archive. They scale to zero when nothing happens.

locals {
  # concurrency: functions-framework serves four threads for each vCPU. Memory: benchmarks/README.md, "Cold start".
  sizes = {
    on_signal    = { memory = "256Mi", cpu = "1", concurrency = 4, timeout = 30, max_instances = 5 }
    on_task      = { memory = "512Mi", cpu = "1", concurrency = 4, timeout = 120, max_instances = 20 }
    start        = { memory = "512Mi", cpu = "1", concurrency = 4, timeout = 60, max_instances = 5 }
    sweep        = { memory = "512Mi", cpu = "1", concurrency = 1, timeout = 540, max_instances = 1 }
    console      = { memory = "512Mi", cpu = "1", concurrency = 4, timeout = 60, max_instances = 5 }
    console_view = { memory = "512Mi", cpu = "1", concurrency = 4, timeout = 60, max_instances = 5 }
  }

  functions = { for target, size in local.sizes : target => {
    for key, value in size : key => try(coalesce(var.functions[target][key]), value)
  } }

  run_as = {
    on_signal    = "signals"
    on_task      = "tasks"
    start        = "starter"
    sweep        = "starter"
    console      = "operator"
    console_view = "viewer"
  }

  # People call these. Only Google services of this project, which count as internal, call the others.
  from_outside = { all = "ALLOW_ALL", internal = "ALLOW_INTERNAL_ONLY", load-balancer = "ALLOW_INTERNAL_AND_GCLB" }[var.start_ingress]
  ingress      = { for target in ["start", "console", "console_view"] : target => local.from_outside }

  # While the lease lasts, only the delivery that claimed a launch may launch it. In the last part of the lease, the
  # margin, that delivery has to claim it again first. The margin covers a call's timeout (60 s), the delay until a job
  # is listed (30 s), and two clocks that are each 60 s off (the engine's clock_skew).
  launch_margin = 2 * 60 + 60 + 30
  launch_lease  = local.functions.on_task.timeout + local.launch_margin

  # Only for functions whose callers' tokens have an account and an audience that we choose.
  verified = var.verify_tokens ? { on_task = ["caller", "checker"], sweep = ["scheduler"] } : {}

  environment = {
    ORCHESTRATOR_PROJECT           = var.project
    ORCHESTRATOR_REGION            = var.region
    ORCHESTRATOR_DATABASE          = local.database
    ORCHESTRATOR_LAUNCHES_QUEUE    = google_cloud_tasks_queue.lane["launches"].name
    ORCHESTRATOR_CHECKS_QUEUE      = google_cloud_tasks_queue.lane["checks"].name
    ORCHESTRATOR_SIGNALS_QUEUE     = google_cloud_tasks_queue.lane["signals"].name
    ORCHESTRATOR_NOTICES_QUEUE     = google_cloud_tasks_queue.lane["notices"].name
    ORCHESTRATOR_TASK_URL          = local.urls.on_task
    ORCHESTRATOR_TASK_AUDIENCE     = local.urls.on_task
    ORCHESTRATOR_TASK_ACCOUNT      = google_service_account.role["caller"].email
    ORCHESTRATOR_SIGNALS_ACCOUNT   = google_service_account.role["checker"].email
    ORCHESTRATOR_FOLDER            = "."
    ORCHESTRATOR_JOB_PREFIX        = local.base
    ORCHESTRATOR_JOB_OPTIONS       = jsonencode(local.job_options)
    ORCHESTRATOR_VALUES            = jsonencode(var.values)
    ORCHESTRATOR_POOLS             = jsonencode(var.pools)
    ORCHESTRATOR_NOTIFY            = jsonencode(var.notify)
    ORCHESTRATOR_SCHEDULES         = jsonencode({ for name, schedule in local.schedules : name => { cron = schedule.cron, time_zone = schedule.time_zone, paused = schedule.paused } })
    ORCHESTRATOR_SIGNAL_DELAY      = tostring(var.signal_delay)
    ORCHESTRATOR_LAUNCH_LEASE      = tostring(local.launch_lease)
    ORCHESTRATOR_LAUNCH_MARGIN     = tostring(local.launch_margin)
    ORCHESTRATOR_RETENTION_DAYS    = var.run_retention_days == null ? "none" : tostring(var.run_retention_days)
    ORCHESTRATOR_STUCK_AFTER       = tostring(var.alerts.stuck_after)
    ORCHESTRATOR_SWEEP_FOR         = tostring(floor(local.functions.sweep.timeout / 2)) # the other half is for the last run it has begun
    ORCHESTRATOR_STARTERS          = jsonencode(local.limited_starters)
    ORCHESTRATOR_SCHEDULER_ACCOUNT = google_service_account.role["scheduler"].email
  }
}

resource "google_cloudfunctions2_function" "function" {
  for_each = local.functions

  #checkov:skip=CKV_GCP_124:people call start and the consoles from outside, unless start_ingress says otherwise, and run.invoker decides who may. The other functions take internal calls only.
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

    # on_task runs users' functions; start and console read graphs written in Python.
    environment_variables = merge(contains(["on_task", "start", "console"], each.key) ? merge(local.common_env, local.graph_env) : {}, local.environment, {
      ORCHESTRATOR_VERIFY_AUDIENCE = contains(keys(local.verified), each.key) ? local.urls[each.key] : "none"
      ORCHESTRATOR_VERIFY_ACCOUNT  = try(join(",", [for role in local.verified[each.key] : google_service_account.role[role].email]), "none")
    })

    dynamic "secret_environment_variables" {
      for_each = each.key == "on_task" ? merge(local.notify_secrets, local.graph_secrets) : {}
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

  # A build that may not yet read its source or write its image fails, but only after minutes.
  depends_on = [time_sleep.grants]
}

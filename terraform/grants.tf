# Who may do what: each role is granted on the smallest resource possible, and no other member's grants are changed.
# orchestrator/deployment/grants.py has the same table with the reasons, and docs/deploy.md is made from it.

locals {
  # role -> queues it puts tasks on
  enqueuers = {
    "signals signals"   = { role = "signals", queue = "signals" }
    "tasks launches"    = { role = "tasks", queue = "launches" }
    "tasks checks"      = { role = "tasks", queue = "checks" }
    "tasks notices"     = { role = "tasks", queue = "notices" }
    "starter launches"  = { role = "starter", queue = "launches" }
    "starter checks"    = { role = "starter", queue = "checks" }
    "operator launches" = { role = "operator", queue = "launches" }
    "operator checks"   = { role = "operator", queue = "checks" }
  }

  # role -> the account whose token its tasks carry, or that its jobs run as
  actors = {
    "signals checker" = { role = "signals", as = "checker" }
    "tasks caller"    = { role = "tasks", as = "caller" }
    "starter caller"  = { role = "starter", as = "caller" }
    "operator caller" = { role = "operator", as = "caller" }
    "tasks worker"    = { role = "tasks", as = "worker" }
  }

  # role -> functions it calls
  callers = {
    "events on_signal" = { role = "events", target = "on_signal" }
    "caller on_task"   = { role = "caller", target = "on_task" }
    "checker on_task"  = { role = "checker", target = "on_task" }
    "scheduler start"  = { role = "scheduler", target = "start" }
    "scheduler sweep"  = { role = "scheduler", target = "sweep" }
  }

  # Who reads and writes runs. Databases have no IAM policies, so a condition limits the role to the one database.
  in_database = {
    tasks    = "roles/datastore.user"
    starter  = "roles/datastore.user"
    operator = "roles/datastore.user"
    viewer   = "roles/datastore.viewer"
  }

  # Who operates runs, through console, may also look at them as the viewers do.
  operated = { for pair in setproduct(var.operators, ["console", "console_view"]) : join(" ", pair) => { member = pair[0], target = pair[1] } }

  # Roles that can only be granted on the whole project.
  in_project = merge(
    {
      "tasks dataflow"    = { role = "tasks", may = "roles/dataflow.developer" }
      "operator dataflow" = { role = "operator", may = "roles/dataflow.developer" }
      "viewer dataflow"   = { role = "viewer", may = "roles/dataflow.viewer" }
      "worker dataflow"   = { role = "worker", may = "roles/dataflow.worker" }
      "builder logs"      = { role = "builder", may = "roles/logging.logWriter" }
    },
    local.by_eventarc ? { "events eventarc" = { role = "events", may = "roles/eventarc.eventReceiver" } } : {},
  )

  on_buckets = merge(
    {
      "builder source" = { role = "builder", may = "roles/storage.objectViewer", bucket = google_storage_bucket.source.name }
      "tasks jobs"     = { role = "tasks", may = "roles/storage.legacyBucketReader", bucket = google_storage_bucket.jobs.name }
      "worker jobs"    = { role = "worker", may = "roles/storage.objectUser", bucket = google_storage_bucket.jobs.name }
    },
    { for bucket in var.template_buckets : "tasks template ${bucket}" => { role = "tasks", may = "roles/storage.objectViewer", bucket = bucket } },
    { for bucket in var.template_buckets : "worker template ${bucket}" => { role = "worker", may = "roles/storage.objectViewer", bucket = bucket } },
    { for bucket, may in var.data_buckets : "worker data ${bucket}" => { role = "worker", may = may == "write" ? "roles/storage.objectUser" : "roles/storage.objectViewer", bucket = bucket } },
  )

  # Cloud Functions copies the source into a bucket of its own, where the build reads it ("Build process overview",
  # Google's documentation, 2026). Google creates that bucket with the first function of a region, so at first there is
  # nothing to grant on. If functions have their own key, '-' and the key's hash are appended to the bucket's name.
  build_bucket = "gcf-v2-sources-${data.google_project.this.number}-${var.region}${var.kms_key == null ? "" : "-"}"
  in_builds = var.kms_key != null ? "resource.name.startsWith(\"projects/_/buckets/${local.build_bucket}\")" : join(" || ", [
    "resource.name == \"projects/_/buckets/${local.build_bucket}\"",
    "resource.name.startsWith(\"projects/_/buckets/${local.build_bucket}/objects/\")",
  ])

  pubsub_agent = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

resource "google_cloud_tasks_queue_iam_member" "enqueuer" {
  for_each = local.enqueuers

  name     = google_cloud_tasks_queue.lane[each.value.queue].name
  location = var.region
  role     = "roles/cloudtasks.enqueuer"
  member   = google_service_account.role[each.value.role].member
}

resource "google_service_account_iam_member" "actor" {
  for_each = local.actors

  service_account_id = google_service_account.role[each.value.as].name
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.role[each.value.role].member
}

resource "google_cloud_run_v2_service_iam_member" "caller" {
  for_each = local.callers

  name     = google_cloudfunctions2_function.function[each.value.target].name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.role[each.value.role].member
}

resource "google_cloud_run_v2_service_iam_member" "starter" {
  for_each = local.starters

  name     = google_cloudfunctions2_function.function["start"].name
  location = var.region
  role     = "roles/run.invoker"
  member   = each.key
}

resource "google_cloud_run_v2_service_iam_member" "operator" {
  for_each = local.operated

  name     = google_cloudfunctions2_function.function[each.value.target].name
  location = var.region
  role     = "roles/run.invoker"
  member   = each.value.member
}

resource "google_cloud_run_v2_service_iam_member" "viewer" {
  for_each = setsubtract(var.viewers, var.operators)

  name     = google_cloudfunctions2_function.function["console_view"].name
  location = var.region
  role     = "roles/run.invoker"
  member   = each.key
}

resource "google_project_iam_member" "database" {
  for_each = local.in_database

  project = var.project
  role    = each.value
  member  = google_service_account.role[each.key].member

  condition {
    title      = "${local.base} database"
    expression = "resource.name == \"projects/${var.project}/databases/${local.database}\""
  }
}

resource "google_project_iam_member" "project" {
  for_each = local.in_project

  project = var.project
  role    = each.value.may
  member  = google_service_account.role[each.value.role].member
}

resource "google_project_iam_member" "builds" {
  project = var.project
  role    = "roles/storage.objectViewer"
  member  = google_service_account.role["builder"].member

  condition {
    title      = "${local.base} builds"
    expression = local.in_builds
  }
}

resource "google_storage_bucket_iam_member" "bucket" {
  for_each = local.on_buckets

  bucket = each.value.bucket
  role   = each.value.may
  member = google_service_account.role[each.value.role].member
}

resource "google_artifact_registry_repository_iam_member" "builder" {
  location   = var.region
  repository = google_artifact_registry_repository.functions.name
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.role["builder"].member
}

resource "google_artifact_registry_repository_iam_member" "images" {
  for_each = var.image_repositories

  project    = split("/", each.key)[1]
  location   = split("/", each.key)[3]
  repository = split("/", each.key)[5]
  role       = "roles/artifactregistry.reader"
  member     = google_service_account.role["worker"].member
}

# Without this grant every entry that the sink exports is lost, without any message.
resource "google_pubsub_topic_iam_member" "sink" {
  for_each = google_logging_project_sink.signals

  topic  = google_pubsub_topic.topic["signals"].name
  role   = "roles/pubsub.publisher"
  member = each.value.writer_identity
}

resource "google_pubsub_topic_iam_member" "dead_letters" {
  for_each = google_pubsub_subscription.signals

  topic  = google_pubsub_topic.topic["dead-letters"].name
  role   = "roles/pubsub.publisher"
  member = local.pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "dead_letters" {
  for_each = google_pubsub_subscription.signals

  subscription = each.value.name
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
}

resource "google_pubsub_topic_iam_member" "notify" {
  for_each = local.notify_topics

  project = split("/", each.key)[1]
  topic   = split("/", each.key)[3]
  role    = "roles/pubsub.publisher"
  member  = google_service_account.role["tasks"].member

  depends_on = [google_project_service.api]
}

# on_task may read the secrets that the graphs' folders and the receivers name, and no others.
resource "google_secret_manager_secret_iam_member" "graphs" {
  for_each = toset([for secret in merge(local.notify_secrets, local.graph_secrets) : "projects/${coalesce(secret.project, var.project)}/secrets/${secret.secret}"])

  secret_id = each.key
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.role["tasks"].member

  depends_on = [google_project_service.api]
}

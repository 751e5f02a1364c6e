# A change that Google has accepted takes time to be effective everywhere. Two waits, at the first apply only (and when
# graphs name other secrets), so that the first apply does not fail.

resource "time_sleep" "grants" {
  create_duration = "90s" # "typically 2 minutes, potentially 7" (IAM, "Access change propagation"); a build starts slowly

  triggers = merge(
    {
      builder = google_service_account.role["builder"].email
      builds  = local.build_bucket
      events  = local.by_eventarc
    },
    length(local.graph_secrets) == 0 ? {} : { secrets = jsonencode(local.graph_secrets) },
  )

  depends_on = [
    google_project_service.api,
    google_project_iam_member.project,
    google_project_iam_member.builds,
    google_storage_bucket_iam_member.bucket,
    google_artifact_registry_repository_iam_member.builder,
    google_secret_manager_secret_iam_member.graphs,
  ]
}

resource "time_sleep" "metrics" {
  for_each = local.alerting ? toset(["metrics"]) : toset([])

  create_duration = "30s" # an alert on a metric that was just created is refused: "Cannot find metric"

  triggers = {
    counted = google_logging_metric.counted.name
    errors  = google_logging_metric.errors.name
  }
}

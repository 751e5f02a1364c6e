# Dataflow's own status events. A trigger receives the events of one region, so each region has one. No filter by a job's
# name is documented, so other jobs of the project also call on_signal, which ignores them by their names.

locals {
  graph_regions = flatten([for graph in local.graphs : graph.regions])
  job_regions   = toset(concat([var.region], tolist(var.job_regions), local.graph_regions))
}

resource "google_eventarc_trigger" "job_status" {
  for_each = local.by_eventarc ? local.job_regions : toset([])

  name            = "${local.base}-job-status"
  location        = each.key
  service_account = google_service_account.role["events"].email
  labels          = local.labels

  matching_criteria {
    attribute = "type"
    value     = "google.cloud.dataflow.job.v1beta3.statusChanged"
  }

  destination {
    cloud_run_service {
      service = google_cloudfunctions2_function.function["on_signal"].name
      region  = var.region
    }
  }

  depends_on = [time_sleep.grants, google_cloud_run_v2_service_iam_member.caller]
}

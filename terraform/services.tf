# The APIs. They stay enabled when the orchestrator is destroyed: the rest of the project may use them.

locals {
  services = toset(concat(
    [
      "artifactregistry", "cloudbuild", "cloudfunctions", "cloudresourcemanager", "cloudscheduler", "cloudtasks", "compute",
      "dataflow", "firestore", "iam", "logging", "monitoring", "pubsub", "run", "storage",
    ],
    !local.by_eventarc ? [] : [
      "eventarc", "eventarcpublishing",
    ],
    var.kms_key != null ? ["cloudkms"] : [],
    length(local.graph_secrets) > 0 ? ["secretmanager"] : [],
  ))
}

resource "google_project_service" "api" {
  for_each = local.services

  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false
}

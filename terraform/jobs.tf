# Defaults of Dataflow jobs, which a step may override, and a bucket for their temporary files.

locals {
  # In a subnetwork workers have no public addresses by default: that is the usual reason to set one.
  public_ips = var.jobs.public_ips == null ? (var.jobs.subnetwork == null ? null : false) : var.jobs.public_ips

  job_options = merge(
    {
      service_account = google_service_account.role["worker"].email
      temp_location   = "gs://${google_storage_bucket.jobs.name}/temp"
      labels          = local.labels
    },
    var.jobs.subnetwork == null ? {} : { subnetwork = "https://www.googleapis.com/compute/v1/${var.jobs.subnetwork}" },
    local.public_ips == null ? {} : { ip_configuration = local.public_ips ? "WORKER_IP_PUBLIC" : "WORKER_IP_PRIVATE" },
    var.kms_key == null ? {} : { kms_key = var.kms_key },
  )
}

resource "google_storage_bucket" "jobs" {
  #checkov:skip=CKV_GCP_78:temporary files of jobs; keeping versions of them would double the storage for nothing
  #checkov:skip=CKV_GCP_62:Cloud Audit Logs can record who read a temporary file; a log bucket would cost more than it is worth
  name                        = "${var.project}-${local.base}-jobs"
  location                    = var.region
  labels                      = local.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.protected

  lifecycle_rule {
    condition {
      age            = var.jobs.temp_days
      matches_prefix = ["temp/"]
    }
    action {
      type = "Delete"
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key == null ? [] : [var.kms_key]
    content {
      default_kms_key_name = encryption.value
    }
  }

  depends_on = [google_project_service.api]
}

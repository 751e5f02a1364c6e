# The database of runs. Fields that no query uses have no index, and old runs are deleted by a TTL policy.

locals {
  database = var.database.existing ? var.database.name : google_firestore_database.runs["new"].name

  # Large texts, and numbers that are only read with their document: indexing them would cost writes and space.
  unindexed = {
    "runs run"                 = { collection = "runs", field = "run" }
    "plans plan"               = { collection = "plans", field = "plan" }
    "parts plan"               = { collection = "parts", field = "plan" }
    "steps state"              = { collection = "steps", field = "state" }
    "counters arrived"         = { collection = "counters", field = "arrived" }
    "counters failed"          = { collection = "counters", field = "failed" }
    "counters skipped"         = { collection = "counters", field = "skipped" }
    "counters succeeded"       = { collection = "counters", field = "succeeded" }
    "counters upstream_failed" = { collection = "counters", field = "upstream_failed" }
  }

  # A TTL policy deletes a document but not its subcollections, so each collection has one.
  expiring = var.run_retention_days == null ? toset([]) : toset(["runs", "steps", "counters"])
}

resource "google_firestore_database" "runs" {
  for_each = var.database.existing ? toset([]) : toset(["new"])

  name                    = coalesce(var.database.name, local.base)
  location_id             = coalesce(var.database.location, var.region)
  type                    = "FIRESTORE_NATIVE"
  delete_protection_state = var.protected ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  deletion_policy         = "DELETE" # otherwise destroy would leave it, and the next apply would find its name taken

  dynamic "cmek_config" {
    for_each = var.kms_key == null ? [] : [var.kms_key]
    content {
      kms_key_name = cmek_config.value
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_firestore_field" "unindexed" {
  for_each = local.unindexed

  database   = local.database
  collection = each.value.collection
  field      = each.value.field

  index_config {}

  depends_on = [google_project_service.api]
}

resource "google_firestore_field" "expiring" {
  for_each = local.expiring

  database   = local.database
  collection = each.key
  field      = "expire_at"

  index_config {} # an index on values that only increase becomes a hot spot
  ttl_config {}

  depends_on = [google_project_service.api, google_firestore_field.unindexed]
}

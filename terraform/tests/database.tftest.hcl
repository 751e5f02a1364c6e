# An existing database is used, and neither created nor deleted.

variables {
  project  = "demo-project"
  region   = "europe-west4"
  database = { name = "(default)", existing = true }
}

run "existing_database" {
  assert {
    condition     = length(google_firestore_database.runs) == 0
    error_message = "expected no new database"
  }

  assert {
    condition     = alltrue([for field in google_firestore_field.expiring : field.database == "(default)"]) && output.database == "(default)"
    error_message = "expected the fields to be in the named database"
  }

  assert {
    condition     = strcontains(google_project_iam_member.database["tasks"].condition[0].expression, "projects/demo-project/databases/(default)")
    error_message = "expected the grants to be limited to that database"
  }
}

run "kept_forever" {
  variables {
    run_retention_days = null
  }

  assert {
    condition     = length(google_firestore_field.expiring) == 0 && google_cloudfunctions2_function.function["on_task"].service_config[0].environment_variables["ORCHESTRATOR_RETENTION_DAYS"] == "none"
    error_message = "expected that nothing expires without retention"
  }
}

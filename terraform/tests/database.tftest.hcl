# A database that is there already is used, and neither made nor deleted.

variables {
  project  = "demo-project"
  region   = "europe-west4"
  database = { name = "(default)", existing = true }
}

run "existing_database" {
  assert {
    condition     = length(google_firestore_database.runs) == 0
    error_message = "no database is made"
  }

  assert {
    condition     = alltrue([for field in google_firestore_field.expiring : field.database == "(default)"]) && output.database == "(default)"
    error_message = "its fields are those of the database that was named"
  }

  assert {
    condition     = strcontains(google_project_iam_member.database["tasks"].condition[0].expression, "projects/demo-project/databases/(default)")
    error_message = "the grants are held to that database"
  }
}

run "kept_for_ever" {
  variables {
    run_retention_days = null
  }

  assert {
    condition     = length(google_firestore_field.expiring) == 0 && google_cloudfunctions2_function.function["on_task"].service_config[0].environment_variables["ORCHESTRATOR_RETENTION_DAYS"] == "none"
    error_message = "without retention nothing expires"
  }
}

# What one gets who decides nothing. Applied, since who writes what is known only then.

variables {
  project = "demo-project"
  region  = "europe-west4"
}

run "deploys" {
  assert {
    condition     = output.start_url != "" && output.store == "firestore://demo-project/orchestrator-prod"
    error_message = "the outputs tell where runs are started and where they are"
  }

  assert {
    condition     = google_pubsub_topic_iam_member.sink["signals"].member == google_logging_project_sink.signals["signals"].writer_identity
    error_message = "the sink's own identity may publish to the topic"
  }

  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.function : function.service_config[0].min_instance_count == 0])
    error_message = "no function has an instance when nothing happens"
  }

  assert {
    condition     = google_firestore_database.runs["new"].delete_protection_state == "DELETE_PROTECTION_ENABLED"
    error_message = "the runs are protected from a destroy unless one says otherwise"
  }

  assert {
    condition     = length(google_eventarc_trigger.job_status) == 0 && length(google_monitoring_alert_policy.alert) == 0
    error_message = "neither Eventarc nor alerts unless they are asked for"
  }
}

# So that the test can clean up after itself.
run "unprotects" {
  variables {
    protected = false
  }

  assert {
    condition     = google_firestore_database.runs["new"].delete_protection_state == "DELETE_PROTECTION_DISABLED" && google_storage_bucket.jobs.force_destroy
    error_message = "protected = false lets a destroy delete runs and files"
  }
}

# The defaults. They are applied, because the sink's identity is known only then.

variables {
  project = "demo-project"
  region  = "europe-west4"
}

run "deploys" {
  assert {
    condition     = output.start_url != "" && output.store == "firestore://demo-project/orchestrator-prod"
    error_message = "expected the outputs to say where runs are started and kept"
  }

  assert {
    condition     = google_pubsub_topic_iam_member.sink["signals"].member == google_logging_project_sink.signals["signals"].writer_identity
    error_message = "expected the sink's own identity to be allowed to publish to the topic"
  }

  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.function : function.service_config[0].min_instance_count == 0])
    error_message = "expected functions that scale to zero"
  }

  assert {
    condition     = google_firestore_database.runs["new"].delete_protection_state == "DELETE_PROTECTION_ENABLED"
    error_message = "expected the runs to be protected from a destroy by default"
  }

  assert {
    condition     = length(google_eventarc_trigger.job_status) == 0 && length(google_monitoring_alert_policy.alert) == 0
    error_message = "expected neither Eventarc nor alerts by default"
  }
}

# Lets the test clean up after itself.
run "unprotects" {
  variables {
    protected = false
  }

  assert {
    condition     = google_firestore_database.runs["new"].delete_protection_state == "DELETE_PROTECTION_DISABLED" && google_storage_bucket.jobs.force_destroy
    error_message = "expected protected = false to let a destroy delete runs and files"
  }
}

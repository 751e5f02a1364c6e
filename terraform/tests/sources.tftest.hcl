# Log entries, status events, or both.

variables {
  project   = "demo-project"
  region    = "europe-west4"
  protected = false
}

run "eventarc_alone" {
  variables {
    signal_source = "eventarc"
    job_regions   = ["us-central1"]
  }

  assert {
    condition     = length(google_logging_project_sink.signals) + length(google_pubsub_topic.topic) + length(google_pubsub_subscription.signals) == 0
    error_message = "expected no sink, topic or subscription without logs"
  }

  assert {
    condition     = contains(keys(google_eventarc_trigger.job_status), "us-central1") && contains(keys(google_eventarc_trigger.job_status), "europe-west4")
    error_message = "expected a trigger in each region of jobs"
  }

  assert {
    condition     = google_eventarc_trigger.job_status["us-central1"].destination[0].cloud_run_service[0].region == "europe-west4"
    error_message = "expected the trigger of another region to call the function in its own region"
  }

  assert {
    condition     = google_project_iam_member.project["events eventarc"].role == "roles/eventarc.eventReceiver"
    error_message = "expected the account that Eventarc calls as to be allowed to receive events"
  }
}

run "both" {
  variables {
    signal_source = "both"
  }

  assert {
    condition     = length(google_logging_project_sink.signals) == 1 && length(google_eventarc_trigger.job_status) >= 1
    error_message = "expected both a sink and triggers"
  }
}

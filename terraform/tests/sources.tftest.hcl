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
    error_message = "without logs there is no sink, no topic and no subscription"
  }

  assert {
    condition     = contains(keys(google_eventarc_trigger.job_status), "us-central1") && contains(keys(google_eventarc_trigger.job_status), "europe-west4")
    error_message = "each region of jobs has a trigger of its own"
  }

  assert {
    condition     = google_eventarc_trigger.job_status["us-central1"].destination[0].cloud_run_service[0].region == "europe-west4"
    error_message = "the trigger of another region calls the function where it is"
  }

  assert {
    condition     = google_project_iam_member.project["events eventarc"].role == "roles/eventarc.eventReceiver"
    error_message = "the account in whose name Eventarc calls may receive events"
  }
}

run "both" {
  variables {
    signal_source = "both"
  }

  assert {
    condition     = length(google_logging_project_sink.signals) == 1 && length(google_eventarc_trigger.job_status) >= 1
    error_message = "both ways are there"
  }
}

# From the sink to on_signal: a topic and a push subscription. It is not the one that a function's trigger creates, because
# Terraform cannot give that a dead-letter topic (docs/adr/0006).

resource "google_pubsub_topic" "topic" {
  for_each = local.by_logs ? toset(["signals", "dead-letters"]) : toset([])

  name         = "${local.base}-${each.key}"
  labels       = local.labels
  kms_key_name = var.kms_key

  depends_on = [google_project_service.api]
}

resource "google_pubsub_subscription" "signals" {
  for_each = local.by_logs ? toset(["signals"]) : toset([])

  name                       = "${local.base}-signals"
  topic                      = google_pubsub_topic.topic["signals"].id
  labels                     = local.labels
  ack_deadline_seconds       = local.functions.on_signal.timeout + 10
  message_retention_duration = "86400s" # by then the watchdog has checked the job long ago

  push_config {
    push_endpoint = google_cloudfunctions2_function.function["on_signal"].service_config[0].uri

    oidc_token {
      service_account_email = google_service_account.role["events"].email
      audience              = google_cloudfunctions2_function.function["on_signal"].service_config[0].uri
    }
  }

  # 20 attempts with this backoff take more than two hours.
  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.topic["dead-letters"].id
    max_delivery_attempts = 20
  }

  expiration_policy {
    ttl = "" # never, not even after a month without jobs
  }
}

# A topic without a subscription keeps nothing.
resource "google_pubsub_subscription" "dead_letters" {
  for_each = local.by_logs ? toset(["dead-letters"]) : toset([])

  name                       = "${local.base}-dead-letters"
  topic                      = google_pubsub_topic.topic["dead-letters"].id
  labels                     = local.labels
  message_retention_duration = "604800s"

  expiration_policy {
    ttl = ""
  }
}

# The values of some variables, for 'orchestrator doctor': Google's APIs tell what exists, not what should exist.

resource "google_storage_bucket_object" "given" {
  name         = "given.json"
  bucket       = google_storage_bucket.source.name
  content_type = "application/json"

  content = jsonencode({ # orchestrator/deployment/given.py reads it
    starters           = local.starters
    operators          = var.operators
    viewers            = var.viewers
    template_buckets   = var.template_buckets
    data_buckets       = var.data_buckets
    image_repositories = var.image_repositories
    notify_topics      = local.notify_topics
  })
}

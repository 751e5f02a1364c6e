# What the variables said, for 'orchestrator doctor': Google tells what there is, and not what there ought to be.

resource "google_storage_bucket_object" "given" {
  name         = "given.json"
  bucket       = google_storage_bucket.source.name
  content_type = "application/json"

  content = jsonencode({ # orchestrator/deployment/given.py reads it
    starters           = local.starters
    template_buckets   = var.template_buckets
    data_buckets       = var.data_buckets
    image_repositories = var.image_repositories
  })
}

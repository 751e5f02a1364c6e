# Production: people may start runs and receive alerts, jobs read and write your buckets.
project = "your-project"
region  = "europe-west4"
labels  = { team = "data", cost-center = "4711" }

starters           = ["group:data@example.com"]
operators          = ["group:data@example.com"]
viewers            = ["domain:example.com"]
signal_source      = "both"
job_regions        = ["europe-west1"]
run_retention_days = 365
log_retention_days = 90

template_buckets   = ["your-templates"]
data_buckets       = { your-raw = "read", your-warehouse = "write" }
image_repositories = ["projects/your-project/locations/europe-west4/repositories/templates"]

notify = {
  hub = { topic = "projects/your-project/topics/runs", on = ["run_failed", "run_succeeded"] }
}

alerts = {
  emails      = ["data@example.com"]
  stuck_after = 43200
}

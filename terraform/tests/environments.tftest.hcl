# Two orchestrators in one project. With TFSTUB_STRICT=1 the providers' fake refuses to create what exists already.

variables {
  project   = "demo-project"
  region    = "europe-west4"
  protected = false
}

run "prod" {
  state_key = "prod"
}

run "dev" {
  state_key = "dev"
  variables {
    environment = "dev"
  }

  assert {
    condition = length(setintersection(
      [for queue in google_cloud_tasks_queue.lane : queue.id],
      values(run.prod.queues),
    )) == 0
    error_message = "expected each to have its own queues"
  }

  assert {
    condition     = output.store != run.prod.store && output.start_url != run.prod.start_url && output.log_filter != run.prod.log_filter
    error_message = "expected each to have its own database, start URL and log filter"
  }
}

# Two orchestrators in one project. The stand-in refuses what exists already, if TFSTUB_STRICT=1.

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
    error_message = "each has queues of its own"
  }

  assert {
    condition     = output.store != run.prod.store && output.start_url != run.prod.start_url && output.log_filter != run.prod.log_filter
    error_message = "each has a database, a start and a log filter of its own"
  }
}

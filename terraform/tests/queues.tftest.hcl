# Together, the queues deliver at once what on_task can handle, and each of them at least one task.

variables {
  project = "demo-project"
  region  = "europe-west4"
}

run "one_task_of_each_queue_at_least" {
  command = plan
  variables { functions = { on_task = { max_instances = 4, concurrency = 1 } } }
  assert {
    condition     = alltrue([for queue in google_cloud_tasks_queue.lane : queue.rate_limits[0].max_concurrent_dispatches == 1])
    error_message = "expected the smallest on_task to be shared equally"
  }
}

run "more_launches_than_on_task_can_handle" {
  command = plan
  variables { launches = { at_once = 500 } }
  assert {
    condition     = google_cloud_tasks_queue.lane["launches"].rate_limits[0].max_concurrent_dispatches == 20 * 4 - 3
    error_message = "expected launches to leave a task for each of the other queues"
  }
}

run "few_launches" {
  command = plan
  variables { launches = { at_once = 2 } }
  assert {
    condition     = sum([for queue in google_cloud_tasks_queue.lane : queue.rate_limits[0].max_concurrent_dispatches]) == 20 * 4
    error_message = "expected the other queues to share what launches leave"
  }
}

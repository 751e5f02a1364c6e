# Invalid values are refused by the variable's own validation, before anything is planned.

variables {
  project = "demo-project"
  region  = "europe-west4"
}

run "project_by_number" {
  command = plan
  variables { project = "123456" }
  expect_failures = [var.project]
}

run "zone_instead_of_a_region" {
  command = plan
  variables { region = "europe-west4-a" }
  expect_failures = [var.region]
}

run "name_in_capitals" {
  command = plan
  variables { name = "Orchestrator" }
  expect_failures = [var.name]
}

run "names_too_long_for_an_account" {
  command = plan
  variables {
    name        = "orchestrator"
    environment = "integration"
  }
  expect_failures = [var.environment]
}

run "anyone_may_start" {
  command = plan
  variables { starters = ["allUsers"] }
  expect_failures = [var.starters]
}

run "anyone_may_operate" {
  command = plan
  variables { operators = ["allUsers"] }
  expect_failures = [var.operators]
}

run "anyone_may_look" {
  command = plan
  variables { viewers = ["allUsers"] }
  expect_failures = [var.viewers]
}

run "unknown_source_of_signals" {
  command = plan
  variables { signal_source = "pubsub" }
  expect_failures = [var.signal_source]
}

run "existing_database_without_a_name" {
  command = plan
  variables { database = { existing = true } }
  expect_failures = [var.database]
}

run "half_a_day_of_retention" {
  command = plan
  variables { run_retention_days = 0.5 }
  expect_failures = [var.run_retention_days]
}

run "a_timeout_longer_than_a_delivery" {
  command = plan
  variables { functions = { on_task = { timeout = 900 } } }
  expect_failures = [var.functions]
}

run "fewer_tasks_at_once_than_queues" {
  command = plan
  variables { functions = { on_task = { max_instances = 3, concurrency = 1 } } }
  expect_failures = [var.functions]
}

run "a_bucket_with_gs" {
  command = plan
  variables { template_buckets = ["gs://templates"] }
  expect_failures = [var.template_buckets]
}

run "cron_of_six_fields" {
  command = plan
  variables { sweep_schedule = "0 0 * * * *" }
  expect_failures = [var.sweep_schedule]
}

run "an_invalid_address" {
  command = plan
  variables { alerts = { emails = ["data"] } }
  expect_failures = [var.alerts]
}

run "graphs_that_were_never_checked" {
  command = plan
  variables { graphs_folder = "terraform/tests" }
  expect_failures = [google_storage_bucket_object.source]
}

run "values_with_an_invalid_name" {
  command = plan
  variables { values = { "a-b" = "x" } }
  expect_failures = [var.values]
}

run "a_group_for_one_graph" {
  command = plan
  variables { graph_starters = { sales = ["group:data@example.com"] } }
  expect_failures = [var.graph_starters]
}

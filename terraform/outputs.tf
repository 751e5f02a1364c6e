locals {
  # A plan with -target may leave functions out: their outputs are null then.
  addresses = { for target, function in google_cloudfunctions2_function.function : target => function.service_config[0].uri }
}

output "start_url" {
  description = "URL of 'start', which starts runs."
  value       = lookup(local.addresses, "start", null)
}

output "console_url" {
  description = "URL of 'console', which shows runs and lets operators change them. GET /openapi.json describes it."
  value       = lookup(local.addresses, "console", null)
}

output "console_view_url" {
  description = "URL of 'console_view', which only shows runs."
  value       = lookup(local.addresses, "console_view", null)
}

output "how_to_start" {
  description = "The command that starts a run."
  value       = "orchestrator start GRAPH --project ${var.project} --region ${var.region} --name ${var.name} --environment ${var.environment} --param NAME=VALUE"
}

output "store" {
  description = "Where runs are kept: the value of --store for status, explain, logs, plot and cancel."
  value       = "firestore://${var.project}/${local.database}"
}

output "graphs" {
  description = "The deployed graphs, with their versions."
  value       = { for name, graph in local.graphs : name => graph.version }
}

output "queues" {
  description = "The Cloud Tasks queues."
  value       = { for name, queue in google_cloud_tasks_queue.lane : name => queue.id }
}

output "database" {
  description = "The Firestore database."
  value       = local.database
}

output "service_accounts" {
  description = "The service accounts by role. Grant 'worker' what your jobs need."
  value       = { for role, account in google_service_account.role : role => account.email }
}

output "jobs_bucket" {
  description = "Bucket of the jobs' temporary files."
  value       = google_storage_bucket.jobs.name
}

output "log_filter" {
  description = "Filter of the log entries that call a function."
  value       = local.log_filter
}

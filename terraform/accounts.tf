# A service account for each role, so that none has the permissions of another. grants.tf says what each may do.

locals {
  roles = {
    signals   = "runs on_signal: puts tasks on the queue signals"
    tasks     = "runs on_task: reads and writes runs, launches and checks jobs"
    starter   = "runs start and sweep: writes runs and puts tasks on the queues"
    operator  = "runs console: changes runs as people ask, and puts tasks on the queues"
    viewer    = "runs console_view: reads runs, and may change nothing"
    caller    = "its token is in tasks: may call on_task and nothing else"
    checker   = "its token is in tasks of signals: may call on_task, only for the first check of a job after a signal"
    events    = "its token is in events: may call on_signal and nothing else"
    scheduler = "its token is in the calls of schedules: may call start and sweep and nothing else"
    worker    = "runs the workers of Dataflow jobs"
    builder   = "builds the functions when they are deployed"
  }
}

resource "google_service_account" "role" {
  for_each = local.roles

  account_id   = "${local.base}-${each.key}"
  display_name = "${local.base} ${each.key}"
  description  = each.value

  depends_on = [google_project_service.api]
}

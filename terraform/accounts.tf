# Who is who: an account for each role, so that none can do what another is for. What each may do is in grants.tf.

locals {
  roles = {
    signals   = "runs on_signal: puts tasks on the queue signals"
    tasks     = "runs on_task: reads and writes runs, launches and looks at jobs"
    starter   = "runs start and sweep: writes runs and puts tasks on the queues"
    caller    = "whose token tasks carry: may call on_task and nothing else"
    looks     = "whose token the tasks of signals carry: may call on_task, only for the first look at a job after a signal"
    events    = "whose token events carry: may call on_signal and nothing else"
    scheduler = "whose token schedules carry: may call start and sweep and nothing else"
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

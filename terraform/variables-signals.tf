# How the end of a job is noticed, how often unfinished runs are swept, and who is alerted.

variable "signal_source" {
  description = "What signals that a job may have ended: Dataflow's log entries (logs), its status events (eventarc), or both."
  type        = string
  default     = "logs"

  validation {
    condition     = contains(["logs", "eventarc", "both"], var.signal_source)
    error_message = "signal_source: expected logs, eventarc or both."
  }
}

variable "job_regions" {
  description = "Regions of jobs in addition to 'region' and those that graphs name. Needed with Eventarc, whose triggers each receive the events of one region."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for region in var.job_regions : can(regex("^[a-z]+-[a-z]+[0-9]+$", region))])
    error_message = "job_regions: expected regions such as europe-west4."
  }
}

variable "signal_delay" {
  description = "Seconds between a log entry and the first check of the job, whose state may lag behind. Further checks follow 4, 9, 9, 10 and 11 s later."
  type        = number
  default     = 2

  validation {
    condition     = var.signal_delay >= 0 && var.signal_delay <= 600
    error_message = "signal_delay: expected 0 to 600 seconds."
  }
}

variable "sweep_schedule" {
  description = "When unfinished runs are swept, as a cron expression in UTC. A sweep with nothing to do reads two documents."
  type        = string
  default     = "*/15 * * * *"

  validation {
    condition     = can(regex("^\\S+( +\\S+){4}$", var.sweep_schedule))
    error_message = "sweep_schedule: expected a cron expression with five fields, such as */15 * * * *."
  }
}

variable "alerts" {
  description = "Who is alerted about failed runs and steps, stuck runs, late tasks and errors, and after how many seconds a run is stuck or a task late. Without e-mails and channels there are no alert policies, because Google charges for each."
  type = object({
    emails      = optional(set(string), [])
    channels    = optional(set(string), [])
    stuck_after = optional(number, 86400)
    late_after  = optional(number, 600)
  })
  default = {}

  validation {
    condition     = alltrue([for email in var.alerts.emails : can(regex("^[^@\\s]+@[^@\\s]+$", email))])
    error_message = "alerts.emails: expected e-mail addresses."
  }

  validation {
    condition     = alltrue([for channel in var.alerts.channels : can(regex("^projects/[^/]+/notificationChannels/[^/]+$", channel))])
    error_message = "alerts.channels: expected names such as projects/PROJECT/notificationChannels/NUMBER."
  }

  validation {
    condition     = var.alerts.stuck_after >= 900 && var.alerts.late_after >= 60
    error_message = "alerts: expected stuck_after of at least 900 seconds and late_after of at least 60."
  }
}

variable "log_retention_days" {
  description = "For how many days the functions' logs are kept, in a bucket of their own. Default: in the bucket _Default, for 30 days."
  type        = number
  default     = null

  validation {
    condition     = var.log_retention_days == null ? true : var.log_retention_days >= 1 && var.log_retention_days <= 3650
    error_message = "log_retention_days: expected 1 to 3650 days."
  }
}

# Where runs are kept, and for how long.

variable "database" {
  description = "The Firestore database. Default: a new one named NAME-ENVIRONMENT in 'region'. Each orchestrator needs its own."
  type = object({
    name     = optional(string)
    existing = optional(bool, false)
    location = optional(string)
  })
  default = {}

  validation {
    condition     = var.database.name == null ? true : can(regex("^(\\(default\\)|[a-z][a-z0-9-]{2,61}[a-z0-9])$", var.database.name))
    error_message = "database.name: expected (default), or 4 to 63 lower-case letters, digits and '-', beginning with a letter."
  }

  validation {
    condition     = var.database.name == null ? true : !can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.database.name))
    error_message = "database.name: expected a name that does not look like a UUID, which Firestore refuses."
  }

  validation {
    condition     = !var.database.existing || var.database.name != null
    error_message = "database: an existing database needs its name, such as { name = \"(default)\", existing = true }."
  }
}

variable "run_retention_days" {
  description = "Number of days after their end when runs are deleted. null: never."
  type        = number
  default     = 90

  validation {
    condition     = var.run_retention_days == null ? true : var.run_retention_days >= 1 && var.run_retention_days <= 9999 && floor(var.run_retention_days) == var.run_retention_days
    error_message = "run_retention_days: expected a whole number of days from 1 to 9999, or null."
  }
}

variable "protected" {
  description = "Prevent 'terraform destroy' from deleting the runs and the jobs' files."
  type        = bool
  default     = true
}

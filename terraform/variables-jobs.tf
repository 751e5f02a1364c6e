# Defaults of Dataflow jobs, and what their workers may read and write.

variable "jobs" {
  description = "Subnetwork of the workers (projects/HOST/regions/R/subnetworks/S, which may be in a Shared VPC), whether they have public addresses (null: only without a subnetwork), and after how many days their temporary files are deleted."
  type = object({
    subnetwork = optional(string)
    public_ips = optional(bool)
    temp_days  = optional(number, 14)
  })
  default = {}

  validation {
    condition     = var.jobs.subnetwork == null ? true : can(regex("^projects/[^/]+/regions/[^/]+/subnetworks/[^/]+$", var.jobs.subnetwork))
    error_message = "jobs.subnetwork: expected projects/P/regions/R/subnetworks/S; P is the host project of a Shared VPC."
  }

  validation {
    condition     = var.jobs.temp_days >= 1
    error_message = "jobs.temp_days: expected at least 1 day."
  }
}

variable "template_buckets" {
  description = "Buckets with your templates, which launches and workers may read."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for bucket in var.template_buckets : can(regex("^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$", bucket))])
    error_message = "template_buckets: expected names of buckets without gs:// and without a path."
  }
}

variable "data_buckets" {
  description = "Buckets that jobs may use: name = \"read\" or \"write\"."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for bucket, may in var.data_buckets : can(regex("^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$", bucket)) && contains(["read", "write"], may)])
    error_message = "data_buckets: expected names of buckets without gs://, each with \"read\" or \"write\"."
  }
}

variable "image_repositories" {
  description = "Artifact Registry repositories with your templates' images: projects/P/locations/L/repositories/R."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.image_repositories : can(regex("^projects/[^/]+/locations/[^/]+/repositories/[^/]+$", id))])
    error_message = "image_repositories: expected projects/P/locations/L/repositories/R."
  }
}

variable "pools" {
  description = "How many attempts of steps may run at once in each pool, such as { dataflow = 20 }. Dataflow steps that name no pool are in the pool dataflow, if there is one. The same as pools in orchestrator.yaml, which applies on one machine."
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.pools) : can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", name))])
    error_message = "pools: expected names of at most 63 lower-case letters, digits and '-', with no '-' at an end."
  }
  validation {
    condition     = alltrue([for size in values(var.pools) : size >= 1 && size <= 10000 && floor(size) == size])
    error_message = "pools: expected whole numbers from 1 to 10000."
  }
}

variable "env" {
  description = "Environment variables of the functions that run the graphs' Python code, such as { WAREHOUSE = \"eu\" }. What a graph's folder sets in its files env and secrets takes precedence. The same as env in orchestrator.yaml, which applies on one machine."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.env) : can(regex("^[A-Za-z_][A-Za-z0-9_]*$", name))])
    error_message = "env: expected names of letters, digits and '_', such as WAREHOUSE."
  }
  validation {
    condition     = alltrue([for name in keys(var.env) : !can(regex("^(ORCHESTRATOR_.*|K_.*|X_GOOGLE_.*|FUNCTION_.*|PORT|PATH|PYTHON.*|.*_EMULATOR_(HOST|URL)|GOOGLE_APPLICATION_CREDENTIALS)$", name))])
    error_message = "env: expected no name that the platform or the orchestrator reserves, such as PORT, PATH, K_… or ORCHESTRATOR_…."
  }
}

variable "values" {
  description = "Values that graphs use as {{ run.deployment.NAME }}, such as { bucket = \"my-templates\" }. A run cannot change them."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.values) : can(regex("^[A-Za-z_][A-Za-z0-9_]*$", name))])
    error_message = "values: expected names of letters, digits and '_', not beginning with a digit."
  }
}

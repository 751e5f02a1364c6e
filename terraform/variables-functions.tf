# The functions: runtime, sizes, rates, access.

variable "runtime" {
  description = "Python version of the functions."
  type        = string
  default     = "python313"

  validation {
    condition     = can(regex("^python3(1[1-9]|[2-9][0-9])$", var.runtime))
    error_message = "runtime: expected python311 or newer, such as python313."
  }
}

variable "functions" {
  description = "Sizes of functions that differ from the defaults, by entry point (on_signal, on_task, start, sweep, console, console_view). Timeouts are in seconds."
  type = map(object({
    memory        = optional(string)
    cpu           = optional(string)
    concurrency   = optional(number)
    timeout       = optional(number)
    max_instances = optional(number)
  }))
  default = {}

  validation {
    condition     = length(setsubtract(keys(var.functions), ["on_signal", "on_task", "start", "sweep", "console", "console_view"])) == 0
    error_message = "functions: expected the entry points on_signal, on_task, start, sweep, console or console_view."
  }

  validation {
    condition     = alltrue([for size in var.functions : size.timeout == null ? true : size.timeout >= 30 && size.timeout <= 540])
    error_message = "functions: expected timeouts of 30 to 540 seconds; a task is delivered again after 600."
  }

  validation {
    condition     = alltrue([for size in var.functions : size.max_instances == null ? true : size.max_instances >= 1])
    error_message = "functions: expected max_instances of at least 1."
  }

  validation {
    condition     = try(coalesce(var.functions["on_task"].max_instances), local.sizes.on_task.max_instances) * try(coalesce(var.functions["on_task"].concurrency), local.sizes.on_task.concurrency) >= 4
    error_message = "functions: expected max_instances times concurrency of on_task to be at least 4, one task of each queue."
  }
}

variable "launches" {
  description = "How many jobs are launched per second, and how many launches may be in progress at once: at most what on_task can handle (max_instances times concurrency), less 3 for the other queues."
  type = object({
    per_second = optional(number, 1)
    at_once    = optional(number, 10)
  })
  default = {}

  validation {
    condition     = var.launches.per_second > 0 && var.launches.per_second <= 500 && var.launches.at_once >= 1 && var.launches.at_once <= 5000
    error_message = "launches: expected per_second above 0 and at most 500, and at_once from 1 to 5000."
  }
}

variable "verify_tokens" {
  description = "Let the functions check their callers' tokens again. By default only the platform checks them, because Cloud Run may remove the signature of a token that it has checked."
  type        = bool
  default     = false
}

variable "start_ingress" {
  description = "Where 'start', 'console' and 'console_view' can be called from: anywhere (all), the project's networks and Cloud Scheduler (internal), or these and a load balancer (load-balancer). Callers need permission in any case. The other functions take internal calls only."
  type        = string
  default     = "all"

  validation {
    condition     = contains(["all", "internal", "load-balancer"], var.start_ingress)
    error_message = "start_ingress: expected all, internal or load-balancer."
  }
}

variable "kms_key" {
  description = "Cloud KMS key, in 'region', that encrypts topics, buckets, images, functions, database and jobs. Google's service agents need permission to use it first: see docs/deploy.md."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null ? true : can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "kms_key: expected projects/P/locations/L/keyRings/R/cryptoKeys/K."
  }
}

variable "functions_subnetwork" {
  description = "Subnetwork through which the functions reach private addresses (Direct VPC egress): projects/P/regions/R/subnetworks/S. Default: none."
  type        = string
  default     = null

  validation {
    condition     = var.functions_subnetwork == null ? true : can(regex("^projects/[^/]+/regions/[^/]+/subnetworks/[^/]+$", var.functions_subnetwork))
    error_message = "functions_subnetwork: expected projects/P/regions/R/subnetworks/S."
  }
}

# Project, region and names. The variables in variables-*.tf all have defaults.

variable "project" {
  description = "Id of the project to deploy to. It must exist and have billing enabled."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project: expected a project's id (6 to 30 lower-case letters, digits and '-'), not its name or number."
  }
}

variable "region" {
  description = "Region of the functions and queues, and of the jobs of steps that set no region."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region: expected a region such as europe-west4, not a zone or a multi-region."
  }
}

variable "name" {
  description = "Name of this orchestrator. The names of all resources and jobs begin with NAME-ENVIRONMENT. Each name needs its own Terraform state."
  type        = string
  default     = "orchestrator"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name))
    error_message = "name: expected lower-case letters, digits and single '-', beginning with a letter."
  }

  validation {
    condition     = !can(regex("^goog|g[o0]{2}g[l1]e", var.name))
    error_message = "name: expected a name that does not begin with 'goog' or contain 'google' (or g00gle): Google refuses such names for topics and buckets."
  }
}

variable "environment" {
  description = "Distinguishes several orchestrators in one project: dev, staging, prod. Each needs its own Terraform state, such as a workspace."
  type        = string
  default     = "prod"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.environment))
    error_message = "environment: expected lower-case letters, digits and single '-', beginning with a letter."
  }

  validation {
    condition     = !can(regex("g[o0]{2}g[l1]e", var.environment))
    error_message = "environment: expected a name that does not contain 'google' (or g00gle): Google refuses such names for buckets."
  }

  validation {
    condition     = length(var.name) + length(var.environment) > 2
    error_message = "name and environment: expected at least 3 characters together, because a Firestore database's id, NAME-ENVIRONMENT, needs at least 4."
  }

  validation {
    condition     = length(var.name) + length(var.environment) < 20
    error_message = "name and environment: expected at most 19 characters together, because a service account's id can have no more than 30."
  }
}

variable "labels" {
  description = "Labels for all resources that can have labels, and for the jobs."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "labels: expected keys and values of at most 63 lower-case letters, digits, '_' and '-'; keys begin with a letter."
  }

  validation {
    condition     = alltrue([for key in keys(var.labels) : !startswith(key, "goog-")])
    error_message = "labels: expected keys that do not begin with 'goog-', which Google reserves."
  }
}

variable "graphs_folder" {
  description = "Folder with the graphs and their graphs.lock, which 'orchestrator lock FOLDER' writes: an absolute path, or one relative to the root of this repository. Default: graphs."
  type        = string
  default     = null
}

variable "starters" {
  description = "Members who may start every graph, such as group:data@example.com or serviceAccount:…."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for who in var.starters : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):.+$", who))])
    error_message = "starters: expected members such as user:ann@example.com or group:data@example.com; allUsers would let anyone start runs."
  }
}

variable "graph_starters" {
  description = "Members who may start only certain graphs, by graph: { sales = [\"user:ann@example.com\"] }. Only users and service accounts, because a token does not name groups. Members of 'starters' may start every graph."
  type        = map(set(string))
  default     = {}

  validation {
    condition     = alltrue([for who in flatten([for members in var.graph_starters : tolist(members)]) : can(regex("^(user|serviceAccount):[^@]+@[^@]+$", who))])
    error_message = "graph_starters: expected users or service accounts for each graph, such as { sales = [\"user:ann@example.com\"] }; a token does not name groups or domains."
  }
}

variable "operators" {
  description = "Members who may operate runs through the function 'console' (start, rerun, hold, release, retry, mark, set, cancel) and look at them, such as group:data-oncall@example.com. The commands 'orchestrator start' and 'rerun' call the function 'start', for which they must be 'starters' too."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for who in var.operators : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):.+$", who))])
    error_message = "operators: expected members such as user:ann@example.com or group:data@example.com; allUsers would let anyone cancel runs."
  }
}

variable "viewers" {
  description = "Members who may look at runs, with their params, errors and outputs, through the function 'console_view', such as domain:example.com."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for who in var.viewers : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):.+$", who))])
    error_message = "viewers: expected members such as user:ann@example.com or group:data@example.com; allUsers would let anyone read runs."
  }
}

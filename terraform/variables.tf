# Who and where. What may be tuned is in variables-*.tf; everything there has a default.

variable "project" {
  description = "Id of the project to deploy into. It must exist and have billing."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project: expected a project's id (6 to 30 lower-case letters, digits and '-'), not its name or number."
  }
}

variable "region" {
  description = "Region of the functions and queues, and of jobs whose step names none."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region: expected a region such as europe-west4, not a zone or a multi-region."
  }
}

variable "name" {
  description = "What this orchestrator is called. Every name begins with NAME-ENVIRONMENT, those of its jobs too. Another one needs a state of its own."
  type        = string
  default     = "orchestrator"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name))
    error_message = "name: expected lower-case letters, digits and single '-', with a letter first."
  }

  validation {
    condition     = !can(regex("^goog|g[o0]{2}g[l1]e", var.name))
    error_message = "name: expected one that does not begin with 'goog' and has no 'google' (or g00gle) in it: Google refuses topics and buckets that are called so."
  }
}

variable "environment" {
  description = "Sets several orchestrators of one project apart: dev, staging, prod. Each needs a state of its own, such as a workspace."
  type        = string
  default     = "prod"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.environment))
    error_message = "environment: expected lower-case letters, digits and single '-', with a letter first."
  }

  validation {
    condition     = !can(regex("g[o0]{2}g[l1]e", var.environment))
    error_message = "environment: expected one without 'google' (or g00gle) in it: Google refuses buckets that are called so."
  }

  validation {
    condition     = length(var.name) + length(var.environment) > 2
    error_message = "name and environment: expected at least 3 characters together, because a Firestore database's id has at least 4, NAME-ENVIRONMENT."
  }

  validation {
    condition     = length(var.name) + length(var.environment) < 20
    error_message = "name and environment: expected at most 19 characters together, because a service account's id has room for no more."
  }
}

variable "labels" {
  description = "Labels for everything that can have them, the jobs included."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "labels: expected lower-case letters, digits, '_' and '-', at most 63 of them, in keys (a letter first) and in values."
  }

  validation {
    condition     = alltrue([for key in keys(var.labels) : !startswith(key, "goog-")])
    error_message = "labels: expected keys that do not begin with 'goog-': those are Google's own."
  }
}

variable "graphs_folder" {
  description = "Folder with the graphs and their graphs.lock, which 'orchestrator lock FOLDER' writes: an absolute path, or one from the root of this repository. Left out: graphs."
  type        = string
  default     = null
}

variable "starters" {
  description = "Who may start runs, such as group:data@example.com or serviceAccount:…."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for who in var.starters : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):.+$", who))])
    error_message = "starters: expected members such as user:ann@example.com or group:data@example.com; allUsers would let anybody start runs."
  }
}

variable "graph_starters" {
  description = "Who may start only certain graphs, by graph: { sales = [\"user:ann@example.com\"] }. Users and service accounts only, because a token does not name groups. Members of 'starters' may start every graph."
  type        = map(set(string))
  default     = {}

  validation {
    condition     = alltrue([for who in flatten([for members in var.graph_starters : tolist(members)]) : can(regex("^(user|serviceAccount):[^@]+@[^@]+$", who))])
    error_message = "graph_starters: expected graphs, each with users or service accounts, such as { sales = [\"user:ann@example.com\"] }; a token does not name groups or domains."
  }
}

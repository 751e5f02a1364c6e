# Who is notified of what happens to runs: as under 'notify:' in a project's orchestrator.yaml (docs/operate.md).

variable "notify" {
  description = "Receivers by name: a 'url' or a Pub/Sub 'topic', the occasions ('on'), patterns of 'graphs', and for a URL the name of a 'secret' in Secret Manager that signs."
  type = map(object({
    url    = optional(string)
    topic  = optional(string)
    secret = optional(string)
    on     = optional(list(string), ["run_failed", "needs_attention", "late", "missed_start"])
    graphs = optional(list(string), [])
  }))
  default = {}

  validation {
    condition     = alltrue([for name in keys(var.notify) : can(regex("^[a-z][a-z0-9-]{0,39}$", name))])
    error_message = "notify: expected names of at most 40 lower-case letters, digits and '-', beginning with a letter."
  }

  validation {
    condition     = alltrue([for receiver in var.notify : (receiver.url == null) != (receiver.topic == null)])
    error_message = "notify: expected either a url or a topic for each receiver."
  }

  validation {
    condition     = alltrue([for receiver in var.notify : receiver.url == null ? true : can(regex("^https://[^/?#@[:space:]]+([/?][!-~]*)?$", receiver.url))])
    error_message = "notify: expected urls such as https://hooks.example.com/orchestrator, without a user's name or password."
  }

  validation {
    condition     = alltrue([for receiver in var.notify : receiver.topic == null ? true : can(regex("^projects/[a-z0-9:.-]+/topics/[A-Za-z][A-Za-z0-9._~%+-]{2,254}$", receiver.topic))])
    error_message = "notify: expected the full names of topics, such as projects/my-project/topics/orchestrator."
  }

  validation {
    condition     = alltrue([for receiver in var.notify : receiver.secret == null ? true : receiver.url != null && can(regex("^[A-Za-z_][A-Za-z0-9_]{0,99}$", receiver.secret))])
    error_message = "notify: a secret signs what goes to a url, and is called like an environment variable, such as HOOK_SECRET."
  }

  validation {
    condition = alltrue(flatten([for receiver in var.notify : [for occasion in receiver.on : contains([
      "run_failed", "run_succeeded", "run_cancelled", "step_failed", "needs_attention", "late", "missed_start",
    ], occasion)]]))
    error_message = "notify: expected occasions among run_failed, run_succeeded, run_cancelled, step_failed, needs_attention, late and missed_start."
  }
}

locals {
  notify_topics = toset(compact([for receiver in var.notify : receiver.topic]))
  notify_secrets = {
    for name in distinct(compact([for receiver in var.notify : receiver.secret])) : name => { project = var.project, secret = name, version = "latest" }
  }
}

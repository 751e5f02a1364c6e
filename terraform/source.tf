# The functions' source: main.py, the package and the graphs in an archive that is named by a hash of its contents, so that
# the functions are deployed again if and only if a file changes. orchestrator/deployment/archive.py makes the same name.

locals {
  root     = "${path.module}/.."
  left_out = jsondecode(file("${local.root}/functions/left-out.json"))

  source = merge(
    { "main.py" = "${local.root}/functions/main.py", "requirements.txt" = "${local.root}/requirements.lock" },
    { for name in fileset(local.root, "orchestrator/**/*.py") : name => "${local.root}/${name}" if !anytrue([for room in local.left_out : startswith(name, room)]) },
    { for name in keys(local.lock.files) : "graphs/${name}" => "${local.graphs_folder}/${name}" if fileexists("${local.graphs_folder}/${name}") },
  )

  # One file without '-r', because the builder caches what it installed for as long as this file is the same. If a graph
  # has its own requirements, ours lose their hashes: pip wants hashes for all requirements or for none.
  pins   = file("${local.root}/requirements.lock")
  theirs = [for name in local.graph_requirements : "# graphs/${name}\n${file("${local.graphs_folder}/${name}")}"]

  requirements = join("\n", concat(
    [length(local.theirs) == 0 ? local.pins : replace(local.pins, "/ \\\\\n +--hash=[^ \n]+/", "")],
    local.theirs,
  ))

  source_hash = substr(sha256(join("", [for name in sort(keys(local.source)) : "${name} ${filesha256(local.source[name])}\n"])), 0, 20)
}

data "archive_file" "source" {
  type        = "zip"
  output_path = "${path.module}/.build/functions-${local.source_hash}.zip"

  dynamic "source" {
    for_each = local.source
    content {
      filename = source.key
      content  = source.key == "requirements.txt" ? local.requirements : file(source.value)
    }
  }
}

resource "google_storage_bucket" "source" {
  #checkov:skip=CKV_GCP_62:it contains only copies of this repository
  name                        = "${var.project}-${local.base}-source"
  location                    = var.region
  labels                      = local.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true # archives can be made again from the repository

  versioning {
    enabled = true
  }

  lifecycle_rule {
    condition {
      num_newer_versions = 3
    }
    action {
      type = "Delete"
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key == null ? [] : [var.kms_key]
    content {
      default_kms_key_name = encryption.value
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_storage_bucket_object" "source" {
  name   = "functions-${local.source_hash}.zip"
  bucket = google_storage_bucket.source.name
  source = data.archive_file.source.output_path

  lifecycle {
    create_before_destroy = true # the functions use the old one until they are built from the new one

    precondition {
      condition     = length(local.graph_problems) == 0
      error_message = join("\n", concat(local.graph_problems, [""]))
    }
  }
}

# The images that are built from it. Old ones are deleted, because storing images costs money.
resource "google_artifact_registry_repository" "functions" {
  repository_id = local.base
  location      = var.region
  format        = "DOCKER"
  description   = "Images of the functions of ${local.base}"
  labels        = local.labels
  kms_key_name  = var.kms_key

  cleanup_policies {
    id     = "keep-the-newest"
    action = "KEEP"
    most_recent_versions {
      keep_count = 2
    }
  }
  cleanup_policies {
    id     = "delete-the-rest"
    action = "DELETE"
    condition {
      older_than = "86400s"
    }
  }

  depends_on = [google_project_service.api]
}

# Keeps runs in an existing database. A new one is better, unless you want the free quota of (default).
# If there is another orchestrator, this one needs its own state: terraform -chdir=terraform workspace new shared
project     = "your-project"
region      = "europe-west4"
environment = "shared"
database    = { name = "(default)", existing = true }

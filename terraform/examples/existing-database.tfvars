# Runs in a database that is there already. Better one of its own: the free quota of (default) is the one reason.
# Beside another one it needs a state of its own: terraform -chdir=terraform workspace new shared
project     = "your-project"
region      = "europe-west4"
environment = "shared"
database    = { name = "(default)", existing = true }

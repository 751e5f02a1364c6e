# Runs in a database that is there already. Better one of its own: the free quota of (default) is the one reason.
project     = "your-project"
region      = "europe-west4"
environment = "shared"
database    = { name = "(default)", existing = true }

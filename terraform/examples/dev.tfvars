# A second orchestrator in the same project, with its own names, database, jobs and log filter. It also needs its own state:
# terraform -chdir=terraform workspace new dev
project     = "your-project"
region      = "europe-west4"
environment = "dev"

protected          = false # `terraform destroy` deletes its runs and files
run_retention_days = 14
sweep_schedule     = "0 * * * *"
launches           = { at_once = 2 }

# A second orchestrator in the project of another: its names, database, jobs and log filter are its own. Its state is too:
# terraform -chdir=terraform workspace new dev
project     = "your-project"
region      = "europe-west4"
environment = "dev"

protected          = false # `terraform destroy` deletes its runs and files
run_retention_days = 14
sweep_schedule     = "0 * * * *"
launches           = { at_once = 2 }

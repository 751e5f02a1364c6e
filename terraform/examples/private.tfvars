# No public addresses, workers in a Shared VPC of another project, everything encrypted with one key.
# If there is another orchestrator, this one needs its own state: terraform -chdir=terraform workspace new private
project     = "your-project"
region      = "europe-west4"
environment = "private"

kms_key              = "projects/your-project/locations/europe-west4/keyRings/data/cryptoKeys/orchestrator"
functions_subnetwork = "projects/your-network/regions/europe-west4/subnetworks/functions"
jobs                 = { subnetwork = "projects/your-network/regions/europe-west4/subnetworks/jobs" }
start_ingress        = "internal" # callable from the project's networks, and by schedules
verify_tokens        = true

# Nothing with a public address, workers in a Shared VPC of another project, everything under one key.
# Beside another one it needs a state of its own: terraform -chdir=terraform workspace new private
project     = "your-project"
region      = "europe-west4"
environment = "private"

kms_key              = "projects/your-project/locations/europe-west4/keyRings/data/cryptoKeys/orchestrator"
functions_subnetwork = "projects/your-network/regions/europe-west4/subnetworks/functions"
jobs                 = { subnetwork = "projects/your-network/regions/europe-west4/subnetworks/jobs" }
start_ingress        = "internal" # call it from a network of the project; schedules still can
verify_tokens        = true

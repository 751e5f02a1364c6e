# Dataflow's own status events instead of its log: no sink, no topic, and a trigger for each region of jobs.
# If there is another orchestrator, this one needs its own state: terraform -chdir=terraform workspace new events
project       = "your-project"
region        = "europe-west4"
name          = "etl"
environment   = "events"
signal_source = "eventarc"
job_regions   = ["us-central1"]

# Dataflow's own status events instead of its log: no sink, no topic, and a trigger for each region that has jobs.
# Beside another one it needs a state of its own: terraform -chdir=terraform workspace new events
project       = "your-project"
region        = "europe-west4"
name          = "etl"
environment   = "events"
signal_source = "eventarc"
job_regions   = ["us-central1"]

# What needs no decision: everything else has a default.
project = "your-project"
region  = "europe-west4"

# The required variables. All others have defaults.
project = "your-project"
region  = "europe-west4"

"""What people ask of a run that has not ended: hold, release, retry, mark and cancel, here and in the cloud."""

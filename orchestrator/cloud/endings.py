"""What Dataflow's log says when a job may have ended: the log sink lets these texts through, and signals.py reads them.

Nothing documents the texts; they are those of recorded entries and messages. Each is looked for anywhere in an entry's
text, whatever its case, as Cloud Logging's operator ``:`` does. terraform/sink.tf says the same.
"""

#: How a launch fails that made no worker: nothing else is logged then. jobs/dataflow/causes.py knows what they mean.
LAUNCHER_FAILED = (
    "launcher container",
    "launcher VM",
    "Template launch failed",
    "Timeout in polling result file",
    "Failed to start the VM,",
    "Failed to read the job file",
    "Failed to read the result file",
    "template_launches/",
)

#: The first comes after success, failure and cancellation alike, but never after a failed launch.
ENDINGS = ("Worker pool stopped.", "Workflow failed", *LAUNCHER_FAILED)

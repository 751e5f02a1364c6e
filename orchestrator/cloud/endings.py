"""The texts in Dataflow's log that mean a job may have ended: the log sink exports them, and signals.py reads them.

They are not documented; they come from recorded entries and messages. Each is matched anywhere in an entry's text,
ignoring case, as Cloud Logging's operator ``:`` does. terraform/sink.tf repeats them.
"""

#: The errors of launches that fail before there is a worker: nothing else is logged then. See jobs/dataflow/causes.py.
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

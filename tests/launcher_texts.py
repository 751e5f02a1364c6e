"""How launchers were seen to fail, in Dataflow's words; no entry "Worker pool stopped." follows any of them."""

LAUNCHER_TEXTS = (
    "Error occurred in the launcher container: Template launch failed. See console logs.",
    "Error occurred in the launcher container: could not determine py file from env",
    "Template launch failed: exit status 1",
    "Failed to start the VM, launcher-2026-1, used for launching because of status code: UNAVAILABLE, reason: One.",
    "Failed to start the VM, launcher-2026-1, used for launching because of status code: INVALID_ARGUMENT, reason: x",
    "Failed to start the VM, flex-2026-1-abcd, used for launching because of status code: RESOURCE_EXHAUSTED, reason:",
    "The launcher VM was terminated before the job was created",
    "Timeout in polling result file: gs://staging/template_launches/2026-1/operation_result.",
    "Failed to read the job file : gs://staging/template_launches/2026-1/job_object with error message: x",
    "Failed to read the result file : gs://staging/staging/operation_result with error message: x",
    "Unable to find gs://staging/template_launches/2026-1/console_logs",
)

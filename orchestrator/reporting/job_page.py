"""The page of a Dataflow job in Google's console. Pure."""

from urllib.parse import quote

from orchestrator.jobs.dataflow.handle import Handle


def job_page(handle: Handle, project: str) -> str:
    """Its URL: the job's graph and its log."""
    page = f"https://console.cloud.google.com/dataflow/jobs/{handle.region}/{handle.id}"
    return f"{page}?project={quote(project, safe='')}"

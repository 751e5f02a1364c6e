"""Stands in for the jobs of the states on one machine: each takes no time, and leaves a file."""

from pathlib import Path

#: The jobs whose input is late, one a line, such as ``ardenia.ingest``: they fail. For exercises.
LATE = Path(__file__).with_name("late.txt")


def job(what: str, state: str, date: str, folder: str, file_type: str = "txt") -> dict[str, int]:
    """One job of one state, or of all."""
    if LATE.exists() and f"{state}.{what}" in LATE.read_text().split():
        raise RuntimeError(f"what {state} has to send for {date} has not arrived")
    made = Path(folder, state, f"{what}.{file_type}")
    made.parent.mkdir(parents=True, exist_ok=True)
    made.write_text(f"{what} of {state} on {date}\n")
    return {"files": 1}


def clean_up() -> None:
    """There is nothing to clean up after stand-ins."""

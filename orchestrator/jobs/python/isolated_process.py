"""The process of an isolated python step: calls its function, and writes the result into its attempt's folder."""

import json
import sys
import time
from pathlib import Path

from orchestrator.core.codec import run_from_json
from orchestrator.core.job_end import Outcome
from orchestrator.jobs.python.calling import call
from orchestrator.ports import JobRequest
from orchestrator.system.files import write_whole
from orchestrator.usercode import alone
from orchestrator.usercode.exits import free, stay


def main(asked: Path) -> int:
    """Do what the file ``asked`` says (see isolated.py). The exit status: 0 if the step has succeeded."""
    data = json.loads(asked.read_text(encoding="utf-8"))
    request = JobRequest(**{**data, "run": run_from_json(data["run"])})
    if request.run.folder is not None:
        alone(request.run.folder)
    stay()  # the module is no more than read until its function begins
    over = call(request, time.time, sys.stderr.write, free)
    if over.outcome is not Outcome.SUCCEEDED:
        failure = {"error": over.error, "cause": over.cause, "permanent": over.permanent}
        write_whole(asked.with_name("failure.json"), json.dumps(failure))
        return 1
    if over.outputs is not None:
        write_whole(asked.with_name("outputs.json"), json.dumps(dict(over.outputs)))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

"""What doctor says to type is what gcloud understands."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from orchestrator.deployment.doctor.fixes import Fixes
from tests.doctor.broken import BROKEN
from tests.doctor.deployment import D
from tests.doctor.test_grants import WHERE

FIXES = Fixes(D)
MEMBER = "serviceAccount:x@demo-1.iam.gserviceaccount.com"


@pytest.mark.slow
def test_every_line_of_gclouds_is_one(tmp_path: Path):
    """gcloud checks them itself, and asks nobody."""
    if shutil.which("gcloud") is None:
        pytest.skip("gcloud is not installed")
    lines = {fix for _, (*_, fix) in BROKEN.values() if fix.startswith("gcloud ")}
    lines |= {FIXES.grant(kind, "name", MEMBER, "roles/run.invoker") for kind in WHERE.keys() - {"images", "notify"}}
    lines.add("gcloud auth print-identity-token --audiences=https://start.run.app")
    lines.add("gcloud tasks queues resume name --nonsense")  # so that it is seen to look
    file = tmp_path / "lines.json"
    file.write_text(json.dumps([{"command_string": line} for line in sorted(lines)]))
    environment = {**os.environ, "CLOUDSDK_CONFIG": str(tmp_path), "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1"}
    command = ["gcloud", "meta", "lint-gcloud-commands", f"--commands-file={file}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        pytest.skip(f"this gcloud does not check lines: {done.stderr:.200}")
    checked = json.loads(done.stdout)
    assert len(checked) == len(lines)
    assert [line["command_string"] for line in checked if not line["success"]] == [
        "gcloud tasks queues resume name --nonsense"
    ]

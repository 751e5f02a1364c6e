"""An imaginary Google that the real ``terraform`` deploys to, through local providers with the real ones' schemas."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
STUB = Path(__file__).parent / "providers"

#: Graphs with schedules. The repository's own graphs have none.
SCHEDULED = Path(__file__).parent / "graphs"

#: Buckets that the examples name but do not create.
BUCKETS = ("your-templates", "your-raw", "your-warehouse")

#: A topic that an example names but does not create.
TOPIC = "projects/your-project/topics/runs"


def needed() -> None:
    """Skip the test if Terraform is not installed; in CI, fail it."""
    missing = "terraform is not installed" if shutil.which("terraform") is None else ""
    if missing and os.environ.get("REQUIRE_EMULATORS") == "1":
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)


@dataclass(frozen=True)
class Deployed:
    """What exists after an apply, or would after a plan: each resource's values by its address, and the outputs."""

    resources: Mapping[str, Mapping[str, Any]]
    outputs: Mapping[str, Any] = field(default_factory=dict)

    def of(self, kind: str) -> dict[str, Mapping[str, Any]]:
        """Address -> values of all resources of a type."""
        return {name: values for name, values in self.resources.items() if name.split(".", 1)[0] == kind}

    def environment(self, target: str) -> Mapping[str, str]:
        """The environment variables of the function with that entry point."""
        function = self.resources[f'google_cloudfunctions2_function.function["{target}"]']
        found: Mapping[str, str] = function["service_config"][0]["environment_variables"]
        return found


class RefusedError(Exception):
    """Terraform refused; the text is its message on one line."""


def copy_repository(root: Path, *, whole: bool = False) -> None:
    """Write what a deployment needs of the repository into ``root``.

    Unless ``whole``, the package's files and the lock file are empty: Terraform sorts and hashes the contents of an
    archive about a dozen times in every plan, which takes five times as long as everything else.
    """
    copied = shutil.copy2 if whole else _emptied
    for part in ("orchestrator", "functions", "graphs", "terraform"):
        copy = copied if part == "orchestrator" else shutil.copy2
        shutil.copytree(
            ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__", ".*"), copy_function=copy
        )
    copied(str(ROOT / "requirements.lock"), str(root / "requirements.lock"))


def _emptied(source: str, target: str) -> None:
    """Copy a file, but of Python's and the lock file only that they exist."""
    if source.endswith((".py", ".lock")):
        Path(target).touch()
    else:
        shutil.copy2(source, target)


class Google:
    """One imaginary Google, and any number of clones of the repository that deploy to it, each with its own state.

    ``cloud`` is a file in which it keeps what was made. ``whole``: the clones have the contents of all files.
    """

    def __init__(self, folder: Path, stack: ExitStack, *, whole: bool = False) -> None:
        self._folder = folder
        self._stack = stack
        self._whole = whole
        self._served: dict[str, dict[str, str]] = {}
        self.cloud = folder / "cloud.json"

    def clone(self, name: str = "clone") -> Path:
        """The root of a clone: what a deployment needs of the repository, which a test may change."""
        root = self._folder / name
        if not root.exists():
            copy_repository(root, whole=self._whole)
        return root

    def run(self, *words: str, clone: str = "clone") -> str:
        """The standard output of a Terraform command. Raises RefusedError."""
        done = subprocess.run(
            ["terraform", f"-chdir={self.clone(clone) / 'terraform'}", *words],
            env=self._providers(clone),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RefusedError(_plain(done.stderr))
        return done.stdout

    def plan(self, clone: str = "clone", *, target: str = "", **variables: object) -> Deployed:
        """What would exist after an apply; values that only Google knows are absent. Raises RefusedError.

        ``target``: the address of the one resource to plan, with what it depends on; all if empty.
        """
        file = self._folder / f"{clone}.plan"
        only = [f"-target={target}"] if target else []
        self.run("plan", "-input=false", f"-out={file}", *only, *self.given(clone, variables), clone=clone)
        shown = json.loads(self.run("show", "-json", str(file), clone=clone))
        planned = shown["planned_values"]
        outputs = {name: output["value"] for name, output in planned.get("outputs", {}).items() if "value" in output}
        return Deployed(_resources(planned["root_module"]), outputs)

    def apply(self, clone: str = "clone", **variables: object) -> Deployed:
        """Create everything; what exists then. ``example``: its variables are used too. Raises RefusedError."""
        self.run("apply", "-auto-approve", "-input=false", *self.given(clone, variables), clone=clone)
        shown = json.loads(self.run("show", "-json", clone=clone))["values"]
        outputs = {name: output["value"] for name, output in shown["outputs"].items()}
        return Deployed(_resources(shown["root_module"]), outputs)

    def destroy(self, clone: str = "clone", **variables: object) -> None:
        """Delete everything that ``apply`` created. Raises RefusedError."""
        self.run("destroy", "-auto-approve", "-input=false", *self.given(clone, variables), clone=clone)

    def _providers(self, clone: str) -> dict[str, str]:
        """The environment in which Terraform finds the clone's providers, which run in a process of their own."""
        if clone not in self._served:
            clean = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
            asked = {"TFSTUB_STRICT": "1", "TFSTUB_CLOUD": str(self.cloud), "PYTHONPATH": str(STUB)}
            process = self._stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "tfstub", "exec", "--", "sh", "-c", 'echo "$TF_REATTACH_PROVIDERS"; cat'],
                    cwd=self.clone(clone) / "terraform",
                    env={**clean, **asked},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            assert process.stdout is not None
            config = self._folder / "terraform.tfrc"
            config.write_text("disable_checkpoint = true\n")
            self._served[clone] = {
                **clean,
                "TF_REATTACH_PROVIDERS": process.stdout.readline(),
                "TF_CLI_CONFIG_FILE": str(config),
                "TF_DATA_DIR": str(self._folder / f"{clone}.data"),
                "TF_CLI_ARGS": "-no-color",
                "CHECKPOINT_DISABLE": "1",
                "GOGC": "400",  # it collects garbage a quarter as often: a third less to do
            }
        return self._served[clone]

    def given(self, clone: str, variables: dict[str, object]) -> list[str]:
        example = variables.pop("example", None)
        if example == "scheduled":
            example, variables = "minimal", {"graphs_folder": str(SCHEDULED), **variables}
        file = self._folder / f"{clone}.tfvars.json"
        file.write_text(json.dumps(variables))
        return [*([f"-var-file=examples/{example}.tfvars"] if example else []), f"-var-file={file}"]


@contextmanager
def google(folder: Path, *, whole: bool = False) -> Iterator[Google]:
    """A Google that refuses what the real one would: an API that is off, what does not exist, what exists already."""
    needed()
    folder.mkdir(parents=True, exist_ok=True)
    seeded = {name: {"type": "google_storage_bucket", "value": {"id": name}} for name in BUCKETS}
    seeded[TOPIC] = {"type": "google_pubsub_topic", "value": {"id": TOPIC}}
    (folder / "cloud.json").write_text(json.dumps(seeded))
    with ExitStack() as stack:
        yield Google(folder, stack, whole=whole)


def _resources(module: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {item["address"]: item["values"] for item in module.get("resources", ()) if item["mode"] == "managed"}


def _plain(text: str) -> str:
    """Terraform's message without its frame and line breaks."""
    return " ".join(text.translate(str.maketrans("│╷╵", "   ")).split())

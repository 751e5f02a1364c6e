"""The wrapper of commands, whatever /bin/sh is, and whatever the command's variables mean to shells and loaders."""

import os
import resource
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from orchestrator.core.job_end import Interruption, Outcome
from orchestrator.jobs.process import attempt
from orchestrator.jobs.process.wrapper import UNBEGUN, wrapped

#: All but LD_PRELOAD, of which the loader of the command complains.
MEAN = {
    "PATH": "/opt/tool/bin", "IFS": "/", "ENV": "/nonexistent", "BASH_ENV": "/nonexistent", "SHELLOPTS": "noexec",
    "BASHOPTS": "extdebug", "BASH_FUNC_echo%%": "() { exit 9; }", "POSIXLY_CORRECT": "1", "PPID": "0", "UID": "7",
    "OPTIND": "x", "LD_LIBRARY_PATH": "/nonexistent", "PYTHONHOME": "/nonexistent", "CDPATH": "/", "a.b": "1",
    "-u": "x", "TEXT": "two words\n'\"$(exit 9)`\\", "EMPTY": "", "ORCHESTRATOR_OUTPUTS": "there",
}  # fmt: skip

SHELLS = [path for name in ("dash", "bash") if (path := shutil.which(name))]


def run(folder: Path, shell: str, command: list[str], variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    _, *words = wrapped(command, folder, 0o27, variables)[0]
    sh = folder / "sh"  # bash is another one under this name
    sh.symlink_to(shell)
    environment = wrapped(command, folder, 0o27, variables)[1]
    return subprocess.run([sh, *words], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("variables", [MEAN, {}], ids=["mean", "none"])
def test_a_command_has_its_variables_and_no_others(tmp_path: Path, shell: str, variables: dict[str, str]):
    done = run(tmp_path, shell, ["/usr/bin/env", "-0"], variables)
    had = dict(line.split("=", 1) for line in done.stdout.split("\0") if line)
    assert {name: value for name, value in had.items() if name not in ("PWD", "SHLVL", "_")} == variables
    assert (done.stderr, done.returncode, (tmp_path / "exit").read_text()) == ("", 0, "0\n")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_wrapper_ends_as_its_command(tmp_path: Path, shell: str):
    done = run(tmp_path, shell, ["/bin/sh", "-c", "umask; exit 7"], {"SHELLOPTS": "noexec", "PATH": ""})
    assert (done.stdout, done.returncode, (tmp_path / "exit").read_text()) == ("0027\n", 7, "7\n")
    assert (tmp_path / "pid").stat().st_mode & 0o777 == 0o600


def test_no_variable_of_the_command_reaches_the_wrapper_under_its_name(tmp_path: Path):
    assert wrapped(["/bin/true"], tmp_path, 0o22, MEAN)[1].keys() & MEAN.keys() == {"ORCHESTRATOR_OUTPUTS"}


@pytest.mark.parametrize("name", ["", "a=b"])
def test_a_name_that_no_variable_can_have_is_refused(tmp_path: Path, name: str):
    with pytest.raises(ValueError, match="illegal environment variable name"):
        wrapped(["/bin/true"], tmp_path, 0o22, {name: "x"})


@pytest.mark.skipif(os.geteuid() != 0, reason="it takes root to become somebody who has no other process")
def test_a_shell_that_cannot_fork_says_that_its_command_did_not_begin():
    """Linux does not hold root to that limit."""
    with tempfile.TemporaryDirectory() as name:  # pytest's are in folders that root alone may enter
        folder = Path(name)
        folder.chmod(0o777)
        words, environment = wrapped(["/bin/true"], folder, 0o22, {})
        done = subprocess.run(
            words,
            env=environment,
            user=64_999,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NPROC, (1, 1)),
            capture_output=True,
            check=False,
        )
        assert done.returncode
        assert (folder / "exit").read_text() == f"{UNBEGUN}\n"
        over = attempt.over(folder, 9.0, done.returncode)
        assert (over.outcome, over.interruption) == (Outcome.INTERRUPTED, Interruption.LOST)

"""Keeps a python step's changes of environment variables and of the working folder from other steps.

Both belong to a whole process. A step's changes of variables are kept aside, and seen by its threads and children. Its
folder is its thread's own where Linux allows that; where it does not, a step cannot change it, and is told what to do.
"""

import ctypes
import os
import sys
import threading
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from orchestrator.jobs.python import capture
from orchestrator.jobs.python.context import StepContext, current_step

#: unshare(2): no longer share the working folder and the umask with the other threads. It needs no privilege, but the
#: profile that containers often run with forbids it.
_CLONE_FS = 0x200

_REFUSAL = (
    "a python step shares its working folder with others here and cannot change it: open files by absolute paths, or "
    "write 'isolated: true' to give the step its own process"
)

_here = threading.local()
_installed = False


def install() -> None:
    """From now on, what steps change applies only to themselves. Idempotent."""
    global _installed
    if not _installed:
        _installed = True
        os.environ.__class__ = os.environb.__class__ = _Environment


def begin(step: StepContext) -> None:
    """The step's function is about to be called, in this thread: from here on, what it changes is its own."""
    step.begun = True
    if not hasattr(_here, "home"):
        capture.install_spawning()
        if not _unshared():
            _refuse_changes()
        try:
            _here.home = os.getcwd()
        except FileNotFoundError:  # it was removed
            _here.home = None


def with_variables(variables: Mapping[str, str]) -> dict[bytes, bytes] | None:
    """The environment of a step that has these variables besides those of the process; None if there are none."""
    if not variables:
        return None
    return {**os.environb, **{os.fsencode(name): os.fsencode(text) for name, text in variables.items()}}


def restore_folder() -> None:
    """Bring this thread back to the folder in which it was before a step."""
    home = getattr(_here, "home", None)
    if home is not None:
        try:
            os.chdir(home)
        except FileNotFoundError:
            _here.home = None


def _unshared() -> bool:
    if not sys.platform.startswith("linux"):
        return False
    return bool(ctypes.CDLL(None).unshare(_CLONE_FS) == 0)


def _refuse_changes() -> None:
    for name in ("chdir", "fchdir"):
        change = getattr(os, name)
        if not hasattr(change, "__wrapped__"):
            setattr(os, name, _refusing(change))


def _refusing(change: Callable[[Any], None]) -> Callable[[Any], None]:
    @wraps(change)
    def changed(folder: Any) -> None:
        if current_step() is not None:
            raise RuntimeError(_REFUSAL)
        change(folder)

    return changed


class _Environment(os._Environ[Any]):
    """``os.environ``: a step gets its own copy at its first change."""

    @property
    def _data(self) -> Any:
        step = current_step()
        return vars(self)["_data"] if step is None or step.environment is None else step.environment

    def __setitem__(self, key: Any, value: Any) -> None:
        step = current_step()
        name, text = self.encodekey(key), self.encodevalue(value)
        if step is None or not step.begun:
            os.putenv(name, text)
            vars(self)["_data"][name] = text
        if step is not None and (step.begun or step.environment is not None):
            step.environment = {**self._data, name: text}

    def __delitem__(self, key: Any) -> None:
        step = current_step()
        name = self.encodekey(key)
        if name not in self._data:
            raise KeyError(key)
        if step is None or not step.begun:
            os.unsetenv(name)
            vars(self)["_data"].pop(name, None)
        if step is not None and (step.begun or step.environment is not None):
            step.environment = {known: value for known, value in self._data.items() if known != name}

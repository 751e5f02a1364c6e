"""Sends what a python step and its children print to the step's log. Other threads print as usual.

``sys.stdout`` and ``sys.stderr`` become streams that look up which step a thread works for; for threads that work for
none, they stay as they are. A step that replaces them does so only for itself.
"""

import inspect
import io
import os
import subprocess
import sys
from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any, BinaryIO, NoReturn, TextIO

from orchestrator.jobs.python import context as threads
from orchestrator.jobs.python.context import current_step
from orchestrator.jobs.python.log import Log

_installed = False


def install() -> None:
    """From now on, what steps print goes to their logs. Idempotent."""
    global _installed
    threads.install()
    if _installed:
        return
    _installed = True
    for name in ("stdout", "stderr"):
        sys.__dict__[name] = _Switch(name, getattr(sys, name))
    sys.__class__ = _Sys  # so that a step's assignment can be told from anybody else's
    sys.__dict__[_Name("orchestrator")] = "captures streams"
    for owner, name, replacement in (
        (subprocess.Popen, "__init__", _start_child),
        (os, "system", _system),
        (os, "_exit", _exit),
        (os, "execv", _not_replaced(os.execv)),  # the others of this family end in one of these
        (os, "execve", _not_replaced(os.execve)),
    ):
        setattr(owner, name, replacement)


class _Switch(io.TextIOBase):
    """A text stream that looks up which step a thread works for. ``base``: the stream of threads that work for none."""

    def __init__(self, name: str, base: TextIO | None) -> None:
        self.name = f"<{name}>"
        self.base = base
        self._key = name

    def _target(self) -> "Log | TextIO | None":
        step = current_step()
        return self.base if step is None else step.streams.get(self._key, step.log)

    def write(self, text: str) -> int:
        target = self._target()
        if target is not None:
            target.write(text)
        return len(text)

    def flush(self) -> None:
        target = self._target()
        if target is not None:
            target.flush()

    def fileno(self) -> int:
        target = self._target()
        if target is None:
            raise io.UnsupportedOperation("fileno")
        return target.fileno()

    def isatty(self) -> bool:
        return current_step() is None and self.base is not None and self.base.isatty()

    def writable(self) -> bool:
        return True

    def close(self) -> None:
        """Does not close the stream, which all threads share."""
        self.flush()

    def reconfigure(self, **changes: Any) -> None:
        """Changes nothing for a log: it is UTF-8 text, written line by line."""
        if current_step() is None and isinstance(self.base, io.TextIOWrapper):
            self.base.reconfigure(**changes)

    @property
    def buffer(self) -> BinaryIO:
        target = self._target()
        return _Bytes(target) if isinstance(target, Log) else target.buffer  # type: ignore[union-attr, return-value]

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self.base.encoding if current_step() is None and self.base is not None else "utf-8"


class _Bytes(io.RawIOBase):
    """The ``sys.stdout.buffer`` of a step."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._log.write_bytes(bytes(data))
        return len(data)

    def fileno(self) -> int:
        return self._log.fileno()


class _Name(str):
    """A key of ``sys.__dict__``, from whose presence on Python asks ``_Sys`` for attributes everywhere.

    From 3.14 on, code that has run a few times reads a module's dictionary itself, past the properties of the module's
    class (cursed.md). It does so only while all keys are of the type ``str`` and no other.
    """

    __slots__ = ()


class _Sys(ModuleType):
    """The module ``sys``, with two attributes that differ between threads."""

    @property
    def stdout(self) -> Any:
        return _get("stdout")

    @stdout.setter
    def stdout(self, stream: Any) -> None:
        _set("stdout", stream)

    @property
    def stderr(self) -> Any:
        return _get("stderr")

    @stderr.setter
    def stderr(self, stream: Any) -> None:
        _set("stderr", stream)


def _get(name: str) -> Any:
    step, switch = current_step(), sys.__dict__[name]
    return switch.base if step is None else step.streams.get(name, switch)


def _set(name: str, stream: Any) -> None:
    step, switch = current_step(), sys.__dict__[name]
    if step is None:
        switch.base = stream
    elif stream is switch:
        step.streams.pop(name, None)
    else:
        step.streams[name] = stream


_POPEN = subprocess.Popen.__init__
_ARGUMENTS = inspect.signature(_POPEN)


def _start_child(child: "subprocess.Popen[Any]", /, *args: Any, **named: Any) -> None:
    """``Popen.__init__``: streams and environment default to the step's."""
    step = current_step()
    if step is None:
        return _POPEN(child, *args, **named)
    given = _ARGUMENTS.bind_partial(child, *args, **named).arguments
    given.pop("self")
    for name in ("stdout", "stderr"):
        if given.get(name) is None:
            given[name] = step.log.fileno()
    if given.get("env") is None and step.environment is not None:
        given["env"] = dict(os.environ)
    return _POPEN(child, **given)


_SYSTEM = os.system


def _system(command: Any) -> int:
    """``os.system``, whose child gets the step's streams and environment too."""
    if current_step() is None:
        return _SYSTEM(command)
    code = subprocess.call(command, shell=True)
    return code << 8 if code >= 0 else -code


_EXIT = os._exit
_PROCESS = os.getpid()


def _shared() -> bool:
    """Whether a step is calling, in the process that it shares with others, not in one that it forked."""
    return current_step() is not None and os.getpid() == _PROCESS


def _exit(status: int) -> NoReturn:
    """``os._exit``: ends the step that calls it, and not all others too."""
    if _shared():
        raise SystemExit(status)
    _EXIT(status)


def _not_replaced(replace: Callable[..., NoReturn]) -> Callable[..., NoReturn]:
    @wraps(replace)
    def replacing(*args: Any) -> NoReturn:
        if _shared():
            raise RuntimeError(
                "a python step shares its process with others and cannot replace its program: start the other one "
                "with 'subprocess', or write 'isolated: true' to give the step its own process"
            )
        replace(*args)

    return replacing


def install_spawning() -> None:
    """The same for processes that ``multiprocessing`` spawns. It is a large module, so only when a step runs."""
    from multiprocessing import util

    if util.spawnv_passfds is not _spawn:
        _SPAWNING.append(util.spawnv_passfds)
        setattr(util, "spawnv_passfds", _spawn)  # noqa: B010  it is no declared name


_SPAWNING: list[Callable[..., int]] = []


def _spawn(path: Any, args: Any, descriptors: Any) -> int:
    """``multiprocessing.util.spawnv_passfds``, whose child gets the step's streams and environment too."""
    if current_step() is None:
        return _SPAWNING[0](path, args, descriptors)
    child = subprocess.Popen(args, executable=path, pass_fds=descriptors)
    child.returncode = 0  # it is waited for by its number, and not through this
    return child.pid

"""Refuses a home of another user that was found and not named, as git does with ``safe.directory``.

Whoever owns it, or can write in it, can read the runs in it and choose the code that they run.
"""

import os
import shlex
import stat
from pathlib import Path

_ROOT = 0


def distrust(home: Path, database: Path) -> str | None:
    """Why ``home`` may only be used if it is named explicitly; None if it is ours, or does not exist."""
    for path in (home, database):
        if (what := _of_others(path)) is not None:
            return (
                f"{what}, who could read what runs carry and choose what code they run: "
                f"to use it nevertheless, give --home {shlex.quote(str(home))}"
            )
    return None


def _of_others(path: Path) -> str | None:
    try:
        looks = (path.lstat(), path.stat())  # neither the link nor what it leads to
    except FileNotFoundError:
        return None
    for found in looks:
        if found.st_uid not in (os.geteuid(), _ROOT):
            return f"{path} belongs to another user ({_name(path, found.st_uid)})"
    if stat.S_ISDIR(found.st_mode) and found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"{path} can be written by other users (chmod go-w prevents that)"
    return None


def _name(path: Path, uid: int) -> str:
    try:
        return path.owner() if path.stat().st_uid == uid else f"uid {uid}"
    except KeyError:
        return f"uid {uid}"

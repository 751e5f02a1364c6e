"""Files and folders that only their owner can read, whatever the umask.

Params, outputs and logs may be secret, and a machine may have other users. The umask also applies to the commands of
steps, so it is not changed: each file is created with its final mode.

A step may put anything into its folder under the name of one of our files. Opening a pipe blocks until its other end is
opened, out of Ctrl-C's reach, so files are opened without blocking, and anything but a plain file counts as missing.
"""

import errno
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from orchestrator.system.os_errors import naming

FILE, FOLDER = 0o600, 0o700

#: All rights of group and others.
_OTHERS = 0o077


def umask() -> int:
    """This process's umask. Do not call this while other threads create files: it sets the umask and restores it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def make_folder(path: Path, above: bool = True) -> None:
    """Make the folder, and missing ones ``above`` it, for the owner alone. Existing folders are not changed.

    Raises FileExistsError if it is something else, and OSError.
    """
    try:
        path.mkdir(FOLDER)
    except FileNotFoundError:
        if not above or path.parent == path:  # the parent exists and accepts no folders, as /proc does
            raise
        make_folder(path.parent)
        make_folder(path, above=False)  # another process may have made it by now
        return
    except FileExistsError:
        if not path.is_dir():
            raise
        return
    path.chmod(FOLDER)  # the umask may remove rights of the owner


def opener(path: str, flags: int) -> int:
    """An ``opener`` for ``open``: a new file is readable by its owner alone, and an existing one becomes so.

    Raises FileNotFoundError if it is a pipe, and OSError.
    """
    descriptor = os.open(path, flags | os.O_NONBLOCK, FILE)
    found = os.fstat(descriptor)
    if stat.S_ISFIFO(found.st_mode):
        os.close(descriptor)
        raise FileNotFoundError(errno.ENOENT, "expected a file, got a pipe", path)
    if stat.S_IMODE(found.st_mode) != FILE and stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid():
        os.fchmod(descriptor, FILE)
    return descriptor


def reading(path: Path) -> BinaryIO:
    """Open the plain file at ``path`` for reading. Raises FileNotFoundError if there is none, and OSError."""
    return open(path, "rb", opener=_plain)


def _plain(path: str, flags: int) -> int:
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(errno.ENOENT, "expected a plain file", path)
    return descriptor


#: What ``sort_of`` calls a plain file, a folder and a pipe.
PLAIN, DIRECTORY, PIPE = "a file", "a folder", "a pipe"

_SORTS = {stat.S_IFREG: PLAIN, stat.S_IFDIR: DIRECTORY, stat.S_IFIFO: PIPE, stat.S_IFSOCK: "a socket"}


def sort_of(path: str | Path) -> str:
    """What is at ``path``, links followed: ``a file``, ``a folder``, ``a pipe``, ``a socket`` or ``a device``.

    "" if there is nothing. Raises OSError if that cannot be told, such as for a path that is too long.
    """
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a NUL, which no path has
        return ""
    return _SORTS.get(stat.S_IFMT(mode), "a device")


def make_file(path: Path) -> None:
    """Make an empty file for the owner alone; of an existing file, remove the rights of others."""
    os.close(opener(str(path), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC))


def write(path: Path, text: str) -> None:
    """Write a file that only its owner can read."""
    with naming(path), open(path, "w", encoding="utf-8", opener=opener) as file:
        file.write(text)


def write_whole(path: Path, content: str | bytes, *, private: bool = True) -> Path:
    """Write a file that nobody sees before it is complete: for its owner alone, or as the umask allows.

    If it cannot be written, what was there stays. An existing file that is not ``private`` keeps its mode, and one that
    is no plain file, such as /dev/stdout, is written in place. Raises OSError.
    """
    data = content.encode() if isinstance(content, str) else content
    mode = None
    if not private and path.exists():
        path = path.resolve()  # what a link leads to is replaced, not the link
        if not path.is_file():
            with naming(path):
                path.write_bytes(data)
            return path
        mode = stat.S_IMODE(path.stat().st_mode)
    new = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    with naming(path):
        try:
            with open(new, "wb", opener=opener if private else None) as file:
                file.write(data)
            if mode is not None:
                new.chmod(mode)
            return new.replace(path)
        except OSError:
            new.unlink(missing_ok=True)
            raise


def short(path: Path) -> str:
    """``path``, absolute or relative to the current folder, whichever is shorter."""
    whole = os.path.abspath(path)
    return min(whole, os.path.relpath(whole), key=len)


def close_to_others(path: Path) -> None:
    """Remove the rights of others on the file or folder, if it exists and is ours. Links are not followed."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if found.st_mode & _OTHERS and not stat.S_ISLNK(found.st_mode) and found.st_uid == os.geteuid():
        path.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)


def close_tree(folder: Path, but: Callable[[Path], bool]) -> None:
    """``close_to_others`` for everything in the folder, and last for itself: a closed folder is closed completely.

    The contents of folders for which ``but`` is true stay as they are.
    """
    if not folder.lstat().st_mode & _OTHERS:
        return
    for at, folders, files in os.walk(folder, topdown=True):
        if Path(at) != folder and but(Path(at)):
            folders.clear()
            files.clear()
        for name in (*folders, *files):
            close_to_others(Path(at) / name)
    close_to_others(folder)

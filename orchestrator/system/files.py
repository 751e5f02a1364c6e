"""Files and folders that only their owner can read, whatever the umask. Knows nothing of what is in them.

A step may put anything into its folder under the name of a file of ours. To open a pipe waits for somebody at its other
end, for ever and out of Ctrl-C's reach, so none is waited for, and what is no plain file counts as none.

What runs carry (params, outputs, logs) may be secret, and a machine may have other users. The umask is the process's,
and its commands' too, so it stays as it is: each file is born with its mode, and not tightened once it can be read.
"""

import errno
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

FILE, FOLDER = 0o600, 0o700

#: All that others may do.
_OTHERS = 0o077


def umask() -> int:
    """This process's umask. Not to be asked while other threads make files: it is set to be read, and set back."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def make_folder(path: Path, above: bool = True) -> None:
    """Make the folder, and those ``above`` it that are not there, for the owner alone. One that is there stays so.

    Raises FileExistsError if it is something else, and OSError.
    """
    try:
        path.mkdir(FOLDER)
    except FileNotFoundError:
        if not above or path.parent == path:  # the one above is there, and takes none, as /proc does
            raise
        make_folder(path.parent)
        make_folder(path, above=False)  # somebody else may have made it by now
        return
    except FileExistsError:
        if not path.is_dir():
            raise
        return
    path.chmod(FOLDER)  # the umask may have taken the owner's own rights


def opener(path: str, flags: int) -> int:
    """What ``open`` takes as its ``opener``: a new file is the owner's alone, and one of before becomes so.

    Raises FileNotFoundError if it is a pipe, and OSError.
    """
    descriptor = os.open(path, flags | os.O_NONBLOCK, FILE)
    found = os.fstat(descriptor)
    if stat.S_ISFIFO(found.st_mode):
        os.close(descriptor)
        raise FileNotFoundError(errno.ENOENT, "expected a file, and no pipe", path)
    if stat.S_IMODE(found.st_mode) != FILE and stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid():
        os.fchmod(descriptor, FILE)
    return descriptor


def reading(path: Path) -> BinaryIO:
    """The plain file at ``path``, open to be read. Raises FileNotFoundError if there is none, and OSError."""
    return open(path, "rb", opener=_plain)


def _plain(path: str, flags: int) -> int:
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(errno.ENOENT, "expected a plain file", path)
    return descriptor


def make_file(path: Path) -> None:
    """Make an empty file for the owner alone, or take the rights of others from the one that is there."""
    os.close(opener(str(path), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC))


def write(path: Path, text: str) -> None:
    """Write a file that only its owner can read."""
    with open(path, "w", encoding="utf-8", opener=opener) as file:
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
            path.write_bytes(data)
            return path
        mode = stat.S_IMODE(path.stat().st_mode)
    new = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        with open(new, "wb", opener=opener if private else None) as file:
            file.write(data)
        if mode is not None:
            new.chmod(mode)
        return new.replace(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        error.filename = str(path)  # and not the name for the time being
        raise


def short(path: Path) -> str:
    """``path``, absolute or relative to the current folder, whichever is shorter."""
    whole = os.path.abspath(path)
    return min(whole, os.path.relpath(whole), key=len)


def close_to_others(path: Path) -> None:
    """Take from others what they may do with the file or folder, if it is ours and is there. Links are not followed."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if found.st_mode & _OTHERS and not stat.S_ISLNK(found.st_mode) and found.st_uid == os.geteuid():
        path.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)


def close_tree(folder: Path, but: Callable[[Path], bool]) -> None:
    """The same for all in the folder, and last for itself: whose folder is closed was closed to its last file.

    What is in folders of which ``but`` is true stays as it is.
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

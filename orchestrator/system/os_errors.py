"""Says in one sentence what the system refused to do with a file: the path, the reason and the fix."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

#: How many characters of a path are shown.
_LONGEST = 200

_DENIED = ("permission denied", "change its permissions, or give another path")

#: Why another path is needed, and the fix. What else may be wrong with one is in the system's own words.
_PATHS = {
    errno.ENAMETOOLONG: ("the path is too long", "give a shorter one"),
    errno.ELOOP: ("its symbolic links lead in a circle", "correct the links, or give another path"),
    errno.ENOTDIR: ("a part of the path is a file", "correct the path"),
    errno.EISDIR: ("it is a folder", "give the path of a file"),
    errno.EEXIST: ("it exists, and is no folder", "give another path"),
    errno.ENXIO: ("it is a socket or a pipe that nobody serves", "give the path of a file"),
    errno.EROFS: ("its file system is read-only", "give another path"),
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
}

#: Shortages, and what is gone: the path was right.
_OTHERS = {
    errno.ENOENT: ("there is no such file or folder", "check the path"),
    errno.ENOSPC: ("the disk is full", "free some space, and try again"),
    errno.EDQUOT: ("your quota of disk space is used up", "free some space, and try again"),
    errno.EFBIG: ("the file would be larger than allowed", "raise the limit (ulimit -f), and try again"),
    errno.EMFILE: ("too many files are open", "raise the limit (ulimit -n), and try again"),
    errno.ENFILE: ("too many files are open on this machine", "close some programs, and try again"),
    errno.EIO: ("the device reports an error", "check the disk, and try again"),
}


def reason(error: OSError) -> str:
    """Why, without the path and the fix: ``the disk is full``."""
    return _known(error)[0]


def told(error: OSError, where: str = "") -> str:
    """``PATH: the disk is full: free some space, and try again``. ``where``: instead of the error's own path."""
    path = where or (os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else "")
    path = path if len(path) <= _LONGEST else f"{path[:_LONGEST]}…"
    return ": ".join(part for part in (path, *_known(error)) if part)


def is_path_wrong(error: OSError) -> bool:
    """Whether the path cannot be used, as opposed to what may pass, such as a full disk."""
    return error.errno in _PATHS and error.filename is not None


def is_unwritable(error: OSError) -> bool:
    """Whether a file that is open cannot be written. Such an error names a path only where ``naming`` added it."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


@contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Inside the block every OSError is about ``path``: those of a write name none, or a temporary file."""
    try:
        yield
    except OSError as error:
        error.filename = os.fspath(path)
        raise


def _known(error: OSError) -> tuple[str, str]:
    number = error.errno or 0
    if error.strerror not in (None, os.strerror(number)):  # our own words, such as those of files.opener
        return error.strerror, ""
    return {**_PATHS, **_OTHERS}.get(number, (str(error.strerror or error) or type(error).__name__, ""))

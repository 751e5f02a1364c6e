"""Distinguishes a shortage, which passes, from a refusal, which does not."""

import errno

from orchestrator.errors import BackendError, LaunchRefusedError

#: What a system says that is out of descriptors, processes, memory or disk. It has them again when others are done.
_SHORT = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM, errno.ENOBUFS, errno.ENOSPC, errno.EDQUOT, errno.EINTR}
)


def is_short(error: BaseException) -> bool:
    """Whether the same may go well in a while."""
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in _SHORT)


def not_started(where: str, error: Exception) -> BackendError | LaunchRefusedError:
    """What to raise about something that could not be started: a launch that is tried again, or one that failed."""
    if is_short(error):
        return BackendError(f"{where} cannot be started now, and is tried again: {error or 'out of memory'}")
    return LaunchRefusedError(f"{where} cannot be started: {error}")

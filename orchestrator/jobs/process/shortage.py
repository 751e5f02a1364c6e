"""Distinguishes a shortage, which passes, from a refusal, which does not."""

import errno

from orchestrator.errors import BackendError, LaunchRefusedError

#: Errors of a system that is out of descriptors, processes, memory or disk space, which may be free again later.
_SHORT = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM, errno.ENOBUFS, errno.ENOSPC, errno.EDQUOT, errno.EINTR}
)


def is_short(error: BaseException) -> bool:
    """Whether the same call may succeed later."""
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in _SHORT)


def not_started(where: str, error: Exception) -> BackendError | LaunchRefusedError:
    """The error to raise for a launch that failed: BackendError if it is retried, LaunchRefusedError if not."""
    if is_short(error):
        return BackendError(f"{where} cannot be started now, and will be retried: {error or 'out of memory'}")
    return LaunchRefusedError(f"{where} cannot be started: {error}")

"""Errors of Firestore's client: what they mean to users, and how often to try again."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
from google.api_core import exceptions as api
from google.auth.exceptions import GoogleAuthError

from orchestrator.errors import ConflictError, OrchestratorError, StoreError, UnstorableError

#: The commit was refused and not applied: the document has changed since it was read, or is locked.
CONFLICT = (api.Conflict, api.FailedPrecondition, api.NotFound)  # ALREADY_EXISTS and ABORTED are kinds of Conflict

#: The outcome is unknown: the commit may have been applied, may still be, or may never be.
DOUBT = (api.ServerError, api.TooManyRequests, api.RetryError)

#: Everything that a call of the client may raise.
FOREIGN = (api.GoogleAPIError, GoogleAuthError, grpc.RpcError, ValueError)

#: How many conflicts and how many unknown outcomes one commit may have, and for how many seconds it is tried.
TRIES, DOUBTS, SECONDS = 40, 3, 20.0

_MEANS: tuple[tuple[type[Exception], str], ...] = (
    (api.Forbidden, "this account has no permission; it needs the role roles/datastore.user"),
    (api.Unauthorized, "it does not accept this account's credentials"),
    (api.NotFound, "there is no such database; it must be created first"),
    (api.FailedPrecondition, "the database is not as expected: is it in Firestore's native mode?"),
    (api.BadRequest, "it rejects the request"),
    (api.Aborted, "others change the same document"),
    (api.TooManyRequests, "a quota is used up"),
    (api.DeadlineExceeded, "no answer in time"),
    (api.RetryError, "no answer to any of several requests"),
    (api.ServiceUnavailable, "it cannot be reached"),
    (GoogleAuthError, "no usable credentials"),
)

#: Errors that do not become a StoreError. INVALID_ARGUMENT is about the request and not about the state.
_BECOMES: dict[type[Exception], type[OrchestratorError]] = {
    api.Aborted: ConflictError,
    api.InvalidArgument: UnstorableError,
}


def meant(error: Exception, doing: str) -> OrchestratorError:
    """The client's error as one of ours, with one sentence. ``doing``: what was attempted, such as "commit a step"."""
    means = next((words for kind, words in _MEANS if isinstance(error, kind)), "it failed")
    made = next((kind for what, kind in _BECOMES.items() if isinstance(error, what)), StoreError)
    return made(f"Firestore could not {doing}: {means} ({_said(error)})")


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turns errors of the client in the block into errors of ours."""
    try:
        yield
    except FOREIGN as error:
        raise meant(error, doing) from error


class Retries:
    """Limits how often a commit is tried again after it was refused or its response was lost."""

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._conflicts = self._doubts = 0
        self._until = time.monotonic() + SECONDS

    def spend(self, error: Exception) -> None:
        """Return when it is time to read and try again. Raises ConflictError or StoreError if it is time to give up.

        After the first conflict it returns at once: most often somebody else has done the same, and nothing is left to
        do. If threads keep competing for one document, it waits for a random time, so that one of them wins.
        """
        if isinstance(error, CONFLICT):
            self._conflicts += 1
            if self._conflicts == TRIES or time.monotonic() > self._until:
                raise ConflictError(
                    f"Firestore could not {self._doing}: refused {self._conflicts} times, because others change the "
                    f"same document ({_said(error)})"
                ) from error
        elif isinstance(error, DOUBT):
            self._doubts += 1
            if self._doubts == DOUBTS or time.monotonic() > self._until:
                raise meant(error, self._doing) from error
        else:
            raise meant(error, self._doing) from error
        tries = self._conflicts + self._doubts
        if tries > 1:
            time.sleep(random.uniform(0.0, min(0.1, 0.002 * 2.0**tries)))


def _said(error: Exception) -> str:
    """The service's message on one line, with the name of its error code."""
    code = getattr(error, "grpc_status_code", None)
    words = " ".join(str(getattr(error, "message", error)).split())
    return f"{code.name}: {words}" if code is not None else f"{type(error).__name__}: {words}"

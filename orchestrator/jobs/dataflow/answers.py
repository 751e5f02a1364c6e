"""Turns what Google's client raises into our errors."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager

import httplib2
from google.auth.exceptions import GoogleAuthError
from googleapiclient.errors import Error as ClientError
from googleapiclient.errors import HttpError

from orchestrator.errors import AmbiguousLaunchError, BackendError, LaunchRefusedError, QuotaError
from orchestrator.jobs.dataflow.causes import PERMANENT, Cause, classify
from orchestrator.jobs.dataflow.error_body import ErrorBody, read_error

#: Everything that a call may raise. ValueError: a response that is not JSON.
FOREIGN = (OSError, http.client.HTTPException, httplib2.HttpLib2Error, GoogleAuthError, ClientError, ValueError)

#: Errors that are raised before anything of a request is sent.
_UNSENT = (httplib2.ServerNotFoundError, ConnectionRefusedError, GoogleAuthError)


class AnswerError(BackendError):
    """The API answered a question with an error of HTTP status ``status``."""

    def __init__(self, text: str, status: int) -> None:
        self.status = status
        super().__init__(text)


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Map what a harmless call raises: AnswerError, or BackendError if no answer came."""
    try:
        yield
    except HttpError as error:
        raise AnswerError(f"{what}: {sentence(error)}", int(error.status_code)) from error
    except FOREIGN as error:
        raise BackendError(f"{what}: {_named(error)}") from error


@contextmanager
def launching(name: str) -> Iterator[None]:
    """Map what a launch raises: LaunchRefusedError, AmbiguousLaunchError or BackendError, as the port promises."""
    try:
        yield
    except HttpError as error:
        raise _verdict(f"Dataflow did not launch {name}", int(error.status_code), read_error(error)) from error
    except _UNSENT as error:
        raise BackendError(f"the launch of {name} was not sent: {_named(error)}") from error
    except FOREIGN as error:
        raise AmbiguousLaunchError(f"no answer came to the launch of {name}: {_named(error)}") from error


def sentence(error: HttpError) -> str:
    """The service's own words: its message, its reasons, and what it says of each field, parameter or precondition."""
    status = int(error.status_code)
    return read_error(error).sentence(status)


def _verdict(what: str, status: int, said: ErrorBody) -> Exception:
    """What an error answer to a launch means.

    409: a job of that name is active, which may be the one this launch or an earlier one of the attempt started.
    5xx: nothing says that it was not launched. 401 passes by itself, and so do limits of rate and quota, if slowly.
    """
    text = f"{what}: {said.sentence(status)}"
    if status in (408, 409) or status >= 500:
        return AmbiguousLaunchError(text)
    cause = classify([said.message])
    if status == 429 or said.passes or cause is Cause.QUOTA:
        return QuotaError(text)
    if status == 401:
        return BackendError(text)
    if cause not in PERMANENT:
        cause = {400: Cause.PARAMETERS, 403: Cause.PERMISSION, 404: Cause.PARAMETERS}.get(status, Cause.UNKNOWN)
    return LaunchRefusedError(text) if cause is Cause.UNKNOWN else LaunchRefusedError(text, cause.value)


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__

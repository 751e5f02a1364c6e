"""Whether Google's emulators are here: tests that need them skip without, or fail where they must not be missing."""

import os

import pytest

from orchestrator.errors import NotFoundError
from orchestrator.rehearsal import emulators


def emulated(*kinds: emulators.Kind) -> None:
    """Skips the test, with the reason, where an emulator is not installed; fails it if REQUIRE_EMULATORS=1."""
    try:
        for kind in kinds or (emulators.FIRESTORE, emulators.PUBSUB):
            emulators.command(kind)
    except NotFoundError as error:
        if os.environ.get("REQUIRE_EMULATORS") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))

"""Settings and fixtures of all tests."""

import gc
import itertools
import os
import signal

import pytest
from hypothesis import HealthCheck, settings

from orchestrator.system.environment import variables_set
from tests.emulation import host_of, pytest_configure, pytest_configure_node, pytest_unconfigure

__all__ = ["pytest_configure", "pytest_configure_node", "pytest_unconfigure"]

# On a busy machine, Hypothesis is slow to make examples. That is no failure: no test here asserts a speed.
settings.register_profile("at any speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("at any speed")
# For ``make test``, which is run after each change: ``make slow`` runs the same tests with five times as many examples.
settings.register_profile("quick", settings.get_profile("at any speed"), max_examples=20)

# Collecting makes a million objects, all of which stay. Looking through them again and again for garbage costs a fifth
# of it, and a tenth of some tests.
gc.disable()

# A shell without job control has what it starts in the background ignore Ctrl-C, and tests interrupt what they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_PROJECTS = itertools.count()

#: Seconds. Nothing takes so long, however busy the machine is.
_PATIENCE = 300.0


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def firestore_host(pytestconfig: pytest.Config) -> str:
    """The ``host:port`` of Google's Firestore emulator, which all tests of a session share."""
    from orchestrator.rehearsal.emulators import FIRESTORE

    host = host_of(FIRESTORE, pytestconfig)
    with variables_set({FIRESTORE.variable: host}):
        _warm()
    return host


def _warm() -> None:
    """Have the emulator do once what it does for the first time: on a busy machine that takes longer than the store
    waits for a commit.
    """
    from google.cloud.firestore import Client

    client = Client(project="warm")
    document = client.document("first/time")
    batch = client.batch()
    batch.set(document, {"at": 0})
    batch.commit(retry=None, timeout=_PATIENCE)
    document.get(retry=None, timeout=_PATIENCE)
    assert len(list(client.collection("first").stream(retry=None, timeout=_PATIENCE))) == 1
    client.close()


@pytest.fixture
def project() -> str:
    """A Google Cloud project that no other test of the session uses."""
    return f"test-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}-{next(_PROJECTS)}"

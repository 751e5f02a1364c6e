"""Threads for python steps: enough of them, and no more than that."""

import threading
from concurrent.futures import Future

import pytest

from orchestrator.errors import BackendError
from orchestrator.jobs.python.workers import Workers


@pytest.mark.parametrize("most", [1, 2, 8])
def test_so_many_pieces_are_at_work_at_once_and_no_more(most: int):
    workers, lock, done = Workers(most, "test"), threading.Lock(), threading.Semaphore(0)
    met = threading.Barrier(most)
    at_once: list[int] = []
    working = 0

    def piece() -> None:
        nonlocal working
        with lock:
            working += 1
            at_once.append(working)
        met.wait(180)
        with lock:
            working -= 1
        done.release()

    for _ in range(3 * most):
        workers.do(piece)
    assert all(done.acquire(timeout=180) for _ in range(3 * most))
    assert max(at_once) == most


def test_a_piece_that_is_given_while_others_wait_is_done():
    """Each piece waits for the one that is given after it: none may be left lying since a thread was called before."""
    workers, count = Workers(4, "test"), 4
    results: list[Future[int]] = [Future() for _ in range(count + 1)]
    results[count].set_result(0)

    def piece(number: int) -> None:
        results[number].set_result(results[number + 1].result(180.0) + 1)

    for number in range(count):
        workers.do(lambda number=number: piece(number))
    assert results[0].result(180.0) == count


def test_a_thread_that_has_nothing_to_do_is_used_again():
    workers = Workers(4, "again")
    names = set()
    for _ in range(20):
        done: Future[str] = Future()
        workers.do(lambda done=done: done.set_result(threading.current_thread().name))
        names.add(done.result(180.0))
    assert names <= {"again 1", "again 2", "again 3", "again 4"}


def test_where_no_more_threads_can_be_had_those_there_are_do_the_work(monkeypatch: pytest.MonkeyPatch):
    workers, done = Workers(4, "test"), threading.Semaphore(0)
    workers.ready()

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    for _ in range(20):
        workers.do(done.release)
    assert all(done.acquire(timeout=180) for _ in range(20))
    with pytest.raises(
        BackendError, match="test cannot be started now, and will be tried again: can't start new thread"
    ):
        Workers(4, "test").ready()

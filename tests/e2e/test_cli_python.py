"""Python steps in runs of the real program: what they print, in whatever way, is in their logs alone."""

import re

import pytest

from tests.e2e.command_line import Place

MODULE = """
import _thread, asyncio, logging, multiprocessing, os, subprocess, sys, threading, warnings
from concurrent.futures import ThreadPoolExecutor

POOL = ThreadPoolExecutor(1)

def apart(function, *args):
    thread = threading.Thread(target=function, args=args)
    thread.start()
    thread.join()

def apart_and_bare(word):
    done = threading.Event()
    _thread.start_new_thread(lambda: (print(word), done.set()), ())
    done.wait()

async def at_once():
    child = await asyncio.create_subprocess_exec("echo", "a child of asyncio")
    await child.wait()
    await asyncio.to_thread(print, "a thread of asyncio")

def says(word):
    print(word, flush=True)

def processes():
    fork, spawn = (multiprocessing.get_context(name) for name in ("fork", "spawn"))
    with fork.Pool(1) as pool:
        pool.map(says, ["a pool of processes"])
    for made in (fork.Process(target=says, args=["forked"]), spawn.Process(target=says, args=["spawned"])):
        made.start()
        made.join()

def prints():
    print("itself")
    sys.stderr.write("error stream\\n")
    sys.stdout.buffer.write(b"bytes\\n")
    apart(print, "a thread")
    apart(apart, print, "a thread of a thread")
    POOL.submit(print, "a pool").result()
    subprocess.run(["echo", "a child"])
    subprocess.run("echo a shell; echo its errors >&2", shell=True)
    subprocess.run(["echo", "into the stream"], stdout=sys.stdout)
    assert subprocess.check_output(["echo", "captured"]) == b"captured\\n"
    assert os.system("echo a system; exit 3") == 3 << 8
    with os.popen("echo of popen >&2; echo captured") as child:
        assert child.read() == "captured\\n"
    logging.getLogger("records").warning("a record")
    warnings.warn("a warning")
    apart_and_bare("a bare thread")
    asyncio.run(at_once())
    processes()
    apart(lambda: 1 / 0)
    sys.stdout.reconfigure(line_buffering=True)
    sys.stdout.close()
    print("the end", sys.stdout.isatty())
"""

SEEN = [
    "itself",
    "error stream",
    "bytes",
    "a thread",
    "a thread of a thread",
    "a pool",
    "a child",
    "a shell",
    "its errors",
    "into the stream",
    "a system",
    "of popen",
    "a record",
    "UserWarning: a warning",
    "a bare thread",
    "a child of asyncio",
    "a thread of asyncio",
    "a pool of processes",
    "forked",
    "spawned",
    "ZeroDivisionError: division by zero",
    "the end False",
]


@pytest.fixture
def printing(place: Place) -> Place:
    place.write("talk.py", MODULE)
    place.write("talks.yaml", "name: talks\nsteps: {a: {python: 'talk:prints'}}\n")
    return place


def test_what_python_steps_and_their_threads_and_children_print_is_in_their_logs_alone(printing: Place) -> None:
    said = printing("run", "talks.yaml", "--run-id", "r1", "--no-picture")
    assert (said.code, said.err) == (0, "")
    assert [line for line in said.lines if "a" not in line.split()] == [
        "TIME  run r1: 1 step",
        "succeeded after 0.0 s: 1 succeeded",
        "logs      .orchestrator/runs/r1/steps",
    ]
    lines = [re.sub(r".*: (?=UserWarning)", "", line) for line in printing.look("logs", "r1", "a").out.splitlines()]
    assert [line for line in lines if not line.startswith((" ", "Exception in thread", "Traceback"))] == SEEN


def test_among_the_json_there_is_nothing_that_a_step_printed(printing: Place) -> None:
    said = printing.run("talks.yaml", "--run-id", "r1")
    assert (said.code, said.err, said.json["status"]) == (0, "", "succeeded")

"""The weather of a world: which faults it has, and how often. It is drawn from the seed."""

from dataclasses import dataclass, replace
from math import inf
from random import Random

CRASHES = ("crash before", "crash after")
ERRORS = ("error before", "error after")
#: An exception that no port allows: a bug in the adapter, or in users' code that it calls.
FOREIGN = ("foreign before", "foreign after")
COMMITS = (*CRASHES, *ERRORS, "conflict", "sent again")

#: The faults of the calls of each port. *Before*: the call had no effect. *After*: it had, but the response was lost.
#: *Sent again*: the response was lost, and the client repeated the call by itself.
CALLS: dict[str, tuple[str, ...]] = {
    "open_run": COMMITS,
    "transact": COMMITS,
    "end_run": COMMITS,
    "stop_run": COMMITS,
    "pool": (*CRASHES, *ERRORS),
    "load": (*CRASHES, *ERRORS),
    "load_all": (*CRASHES, *ERRORS),
    "get_run": (*CRASHES, *ERRORS),
    "get_plan": (*CRASHES, *ERRORS),
    "put": (*CRASHES, *ERRORS, "sent again", "crash in part", "error in part"),
    "launch": (*CRASHES, "error before", "lost before", "lost after", "lost, then late", *FOREIGN),
    "find": (*CRASHES, *ERRORS, *FOREIGN),
    "status": (*CRASHES, *ERRORS, *FOREIGN),
    "cancel": (*CRASHES, *ERRORS),
    "notify": (*CRASHES, *ERRORS),
}

#: What may become of a commit on its way to Firestore, and of a read. *Late*: when nobody waits for it any more.
COMMITS_SENT = (
    "aborted", "no answer before", "no answer after", "sent again", "applied late", "applied late, crash", *CRASHES,
)  # fmt: skip
READS_SENT = ("no answer", "crash")

#: By this factor, methods that are called seldom have faults more often.
SELDOM = {"open_run": 2.0, "end_run": 4.0, "stop_run": 8.0, "cancel": 4.0, "load_all": 2.0, "notify": 4.0}

#: Worlds of more steps are played without Firestore.
LARGE = 40

#: The most seconds by which a clock is wrong.
MAX_SKEW = 60.0

#: The most seconds after which a launch arrives: it may be slow, and late as well.
LONGEST_CALL = 60.0

#: Faults between the read and the write of a commit.
WITHIN = ("crash", "error")

#: Faults outside of calls.
OTHERS = (
    "delivery: lost", "delivery: twice", "delivery: late", "delivery: again when done", "delivery: given up",
    "delivery: acknowledgement lost", "delivery: out of time", "name: forgotten",
    "signal: lost", "signal: late", "signal: early", "signal: twice", "signal: not ours",
    "start: twice", "start: again", "sweep: twice", "everything: crashes", "queue: forgets the run", "status: lags",
    "queue: slow", "queue: out of order", "queue: backs off", "queue: gives up",
    "task: forged", "task: can never be performed", "task: damaged",
    "operator: cancels the run", "operator: cancels steps", "operator: twice", "operator: gives up",
    "attendant: retries", "attendant: marks", "operator: marks",
    "operator: holds the run", "operator: holds steps", "operator: holds until", "operator: releases",
    "operator: sets a limit", "pool: raised", "pool: lowered",
    "handler: outlives its request", "handler: frozen", "launch: frozen on the way", "clock: jumps",
    "thread: suspended between two statements", "process: dies with all its threads",
    "expression: raises", "job: leaves too much", "machine: older", "machine: newer",
    "join: some begin before all have arrived", "join: a gate passes on a part",
    "find: a list loses a job", "status: goes back", "launch: refused, and it runs", "launch: one job too many",
    "quota: none for now", "launch: no quota",
    "run: beside others", "run: rerun, and keeps steps", "hand: deletes a step",
    "id: used again", "id: taken, refused", "id: taken, goes on with that",
    "retention: the run", "retention: the id", "retention: the run, and then its id",
    "retention: the id, and then its run", "retention: what has no run", "retention: what a run needs",
    "deadline: there is one", "deadline: at a time of day", "deadline: missed", "deadline: expected to be missed",
    "receiver: asks", "receiver: down", "receiver: told again",
    "delivery: its run is gone", "signal: its run is gone",
    "commit: conflict", "commit: refused", "commit: place taken", "pool: full, so that a step waits",
    "pool: several ask at once, not all as urgently",
    "run: waits in line", "run: one too many",
    "launch: name taken", "find: adopted",
    "audit: finds a job", "audit: stops a job",
)  # fmt: skip

#: Faults of the calls of Firestore's client (firestore.py).
FIRESTORE = (
    *(f"firestore commit: {fault}" for fault in COMMITS_SENT),
    *(f"firestore read: {fault}" for fault in READS_SENT),
    "firestore commit: late and refused", "firestore commit: late and applied",
)  # fmt: skip

#: Every kind of fault; a test asserts that each happened.
EVERYTHING = (
    *FIRESTORE,
    *(f"{verb}: {fault}" for verb, faults in CALLS.items() for fault in faults),
    *(f"within transact: {fault}" for fault in WITHIN),
    *OTHERS,
)


@dataclass(frozen=True, slots=True)
class Weather:
    """Probabilities, unless stated otherwise.

    ``call``: that a call has a fault. ``stall``: that a handler pauses for a while before or after a call.
    ``delivery``: that a delivery has any one of its faults. ``signal``: the same of a signal. ``given_up``: that a task
    is given up, only where sweeps are made. ``forgotten``: that the queue forgets that a name is taken. ``outage``:
    that all machines crash within a minute.

    ``lag``: the most seconds for which a job is reported as running after its end. ``unlisted``: seconds until a new
    job is listed. ``slow``: the most seconds that a launch takes. ``unique``: whether a job's name stays taken for ever
    or, as in Dataflow, while the job is active; then a lease of ``lease`` seconds must protect a launch. ``hints``:
    whether the service says when a check is worthwhile. ``skew``: the most seconds by which a clock is wrong.
    ``period``: seconds between sweeps. ``cancels``: that an operator cancels something. ``jumps``: whether clocks jump,
    within ``skew``. ``outlives``: whether a handler goes on when its request has timed out. ``frozen``: that a handler
    pauses for minutes before or after a call. ``pace``: seconds between two launches that the queue delivers.
    ``disorder``: whether it keeps no order. ``hard``: whether it backs off for minutes and gives up soon. ``versions``:
    whether the machines have several versions. ``firestore``: whether the store is the adapter of Firestore. ``hand``:
    whether somebody deletes the documents of steps. ``forged``: that a forged task is put together with a task.
    ``threads``: that a handler is suspended between two statements; then all are threads of one process (threads.py).

    Dataflow: ``lost``: that a list lacks a job. ``goes_back``: that a state is older than one that was shown before.
    ``contradicts``: that a refused launch runs. ``storms``: times without quota.
    """

    call: float = 0.0
    stall: float = 0.0
    delivery: float = 0.0
    signal: float = 0.0
    given_up: float = 0.0
    outage: float = 0.0
    forgotten: float = 0.0
    lag: float = 0.0
    unlisted: float = 0.0
    slow: float = 0.0
    unique: bool = True
    lease: float = 0.0
    hints: bool = True
    skew: float = 0.0
    period: float | None = None
    cancels: float = 0.0
    jumps: bool = False
    outlives: bool = False
    frozen: float = 0.0
    pace: float = 0.0
    disorder: bool = False
    hard: bool = False
    forged: float = 0.0
    versions: bool = False
    firestore: bool = False
    hand: bool = False
    threads: float = 0.0
    lost: float = 0.0
    goes_back: float = 0.0
    contradicts: float = 0.0
    storms: int = 0

    @property
    def margin(self) -> float:
        """For how many seconds before the end of a lease no launch is sent."""
        return 2 * self.skew + LONGEST_CALL + self.unlisted if self.lease else 0.0

    @property
    def latest(self) -> float:
        """The most seconds after a claim until its launch may arrive, by the clock of the world."""
        return self.lease - self.margin + 2 * self.skew + LONGEST_CALL if self.lease else inf

    @property
    def is_calm(self) -> bool:
        return self == Weather(
            unique=self.unique, lease=self.lease, hints=self.hints, cancels=self.cancels, threads=self.threads
        )

    def strikes(self, random: Random, verb: str) -> str | None:
        """The fault of a call; None if it has none."""
        return random.choice(CALLS[verb]) if random.random() < self.call * SELDOM.get(verb, 1.0) else None


def lease_for(skew: float, unlisted: float) -> float:
    """A lease that is long enough for a handler that is not frozen to send its launch without renewing the claim."""
    return 60.0 + LONGEST_CALL + 2 * skew + unlisted


def calm(random: Random) -> Weather:
    """A weather without faults, in which nothing may be late."""
    unique = random.random() < 0.5
    lease, hints, cancels = (
        0.0 if unique else lease_for(0.0, 0.0),
        random.random() < 0.5,
        random.choice([0.0, 0.0, 1.0]),
    )
    return Weather(unique=unique, lease=lease, hints=hints, cancels=cancels)


def draw(random: Random) -> Weather:
    """Any weather, from no faults to very many. In a world without sweeps no task is given up."""
    if random.random() < 0.1:
        return calm(random)
    if random.random() < 0.05:
        return replace(calm(random), period=200.0, hand=True)
    force = random.choice([0.0, 0.02, 0.02, 0.06, 0.06, 0.06, 0.15])
    sweeps = random.random() < 0.5
    unique = random.random() < 0.5
    outlives = random.random() < 0.4
    unlisted, skew = random.choice([0.0, 5.0]), random.choice([0.0, 10.0, MAX_SKEW])
    return Weather(
        call=force,
        stall=random.choice([0.0, 0.1, 0.3]),
        delivery=force,
        signal=random.choice([0.0, 0.2, 0.6]),
        given_up=random.choice([0.0, 0.02, 0.1]) if sweeps else 0.0,
        outage=random.choice([0.0, 0.0, 0.3]) if force else 0.0,
        forgotten=random.choice([0.0, 0.0, 0.0, 0.1]),
        lag=random.choice([0.0, 0.0, 60.0, 1000.0]),
        unlisted=unlisted,
        slow=random.choice([0.0, 30.0]) if not unique else 0.0,
        unique=unique,
        lease=lease_for(skew, unlisted) if not unique or random.random() < 0.3 else 0.0,
        hints=random.random() < 0.5,
        skew=skew,
        period=random.choice([200.0, 600.0]) if sweeps else None,
        cancels=random.choice([0.0, 0.0, 1.0]),
        jumps=skew > 0.0 and random.random() < 0.5,
        outlives=outlives,
        frozen=random.choice([0.0, 0.002, 0.01]) if outlives else 0.0,
        pace=random.choice([0.0, 0.0, 5.0, 60.0]),
        disorder=random.random() < 0.3,
        hard=random.random() < 0.2,
        forged=random.choice([0.0, 0.0, 0.1]),
        versions=random.random() < 0.2,
        firestore=random.random() < 0.13,
        lost=random.choice([0.0, 0.0, 0.3]),
        goes_back=random.choice([0.0, 0.0, 0.3]),
        contradicts=random.choice([0.0, 0.0, 0.2]),
        storms=random.choice([0, 0, 0, 1, 3]),
    )


def affordable(weather: Weather, steps: int) -> Weather:
    """``weather`` for a world of so many steps, in which handlers get through.

    Google's client takes ten times as long as the store in memory, and a read of Firestore may fail in the adapter's
    call and in the client's, of which a long call makes dozens. Such worlds took half of the time of all, and most of
    that to repeat what had failed. How large runs are stored is shown by the contract tests.
    """
    if not weather.firestore:
        return weather
    return replace(weather, call=min(weather.call, 0.06), firestore=steps <= LARGE)


def threaded(weather: Weather, random: Random) -> Weather:
    """``weather``, or the same with threads, where no handler is ended on its own when its request times out."""
    if random.random() >= (0.5 if weather.firestore else 0.15) or weather.hand:  # with a hand nothing else goes wrong
        return weather
    return replace(weather, threads=random.choice([0.05, 0.15]), outlives=weather.outlives or not weather.is_calm)

"""Hand-made mutants: what each breaks, and where. Each must be noticed by the simulation (mutants.py)."""

from dataclasses import dataclass

MACHINE, JOINS, EARLY, KEPT, RETRIES, PLAN, RULES, OVERDUE, FITTING, MESSAGES = (
    f"orchestrator/core/{name}.py"
    for name in ("machine", "joins", "early", "kept", "retries", "plan", "rules", "overdue", "validity", "messages")
)
ENGINE, LEDGER, LAUNCHING, CLAIMING, DUPLICATES, CHECKING, SWEEPING, PROOF, CACHE = (
    f"orchestrator/engine/{name}.py"
    for name in (
        *("__init__", "ledger", "launching", "claiming", "duplicate_jobs", "checking", "sweeping", "proof", "cache"),
    )
)
DATAFLOW, STANDING = "orchestrator/jobs/dataflow/backend.py", "orchestrator/jobs/dataflow/status.py"
CONTROL_EVENTS, CONTROL = "orchestrator/core/control_events.py", "orchestrator/engine/control.py"
LIMITING = "orchestrator/engine/limiting.py"
CONSISTENCY = "orchestrator/core/consistency.py"
MOVES, POOLS, LINE, MENDING = (
    "orchestrator/core/moves.py",
    *(f"orchestrator/engine/{name}.py" for name in ("pools", "line", "mending")),
)
PLACES = "orchestrator/stores/firestore/pools.py"
MEMORY, IDS = "tests/doubles/memory_store.py", "orchestrator/stores/firestore/ids.py"


@dataclass(frozen=True, slots=True)
class Mutant:
    """In ``file``, a path from the root, ``old`` is there once and becomes ``new``. ``worlds``: where it is seen."""

    name: str
    file: str
    old: str
    new: str
    worlds: str = "tests.simulation"


MUTANTS = (
    # The guards: what makes a duplicate harmless.
    Mutant(
        "an attempt that has ended ends again",
        RETRIES,
        "    if not state.status.active:\n        return None\n    step = plan",
        "    step = plan",
    ),
    Mutant(
        "the end of attempt 1 ends attempt 2",
        RETRIES,
        "    if event.attempt != state.attempt or _outdated",
        "    if _outdated",
    ),
    Mutant("a launch of attempt 1 claims attempt 2", MACHINE, " and attempt == state.attempt + 1", ""),
    Mutant(
        "a claim is never refused",
        MACHINE,
        "    if not may_claim(state, event.attempt) and not _takes_over(state, event):\n        return None\n",
        "",
    ),
    Mutant(
        "a launch is recorded whatever the state",
        MACHINE,
        "    if state.status is not Status.LAUNCHING or event.attempt != state.attempt:\n        return None\n",
        "",
    ),
    Mutant(
        "a step is settled whatever the state",
        MACHINE,
        "    if not may_settle(state, event):\n        return None\n",
        "",
    ),
    Mutant(
        "a gate passes twice",
        EARLY,
        "    if state.status is not Status.PENDING or not (event.whole",
        "    if not (event.whole",
    ),
    # What others put: launches that nobody owes, or not yet, and checks that ask a job to stop.
    Mutant("a launch needs no proof", ENGINE, "if ledger.alone or may_begin(ledger, execution, effect):", "if True:"),
    Mutant(
        "whatever a launch shows proves it",
        MESSAGES,
        "hmac.compare_digest(self.proof, self.proved(seal).proof)",
        "self.proof != ''",
    ),
    Mutant("the proof of one attempt is that of the next", MESSAGES, "-{self.attempt}-{self.due!r}", "-{self.due!r}"),
    Mutant(
        "the proof of one step is that of another", MESSAGES, "{self.run}-{self.node}-{self.att", "{self.run}-{self.att"
    ),
    Mutant("the proof of a launch leaves out when it is due", MESSAGES, "-{self.due!r}", ""),
    Mutant("a launch that is proved begins at any time", PROOF, "launch.due <= latest and launch.is_", "launch.is_"),
    Mutant(
        "a launch that is owed later begins now",
        PROOF,
        "            if owed.due <= latest:\n",
        "            if True:\n",
    ),
    Mutant(
        "a launch without a proof begins nothing",
        PROOF,
        "    view = ledger.joins(execution, (launch.node,), also=(launch.node,))\n",
        "    return False\n",
    ),
    Mutant(
        "a launch without a proof is looked for in the join alone",
        PROOF,
        "    if launch.attempt <= view.state(launch.node).attempt:\n        return True\n",
        "",
    ),
    Mutant(
        "a check may ask a job to stop that nobody cancelled",
        CHECKING,
        "    made_up = check.chain.endswith(STOP) and state.stop is None",
        "    made_up = False",
    ),
    # Several runs at once.
    Mutant(
        "the plan of one run is taken for that of all",
        LEDGER,
        "        run = self._runs[key]\n        if run.kept or run.mapped is not None:\n"
        "            return self._derived(run)\n"
        "        return Execution(run, self._plans[run.version])\n",
        "        run = self._runs[key]\n"
        "        return Execution(run, self._plans[self.__dict__.setdefault('mixed', run.version)])\n",
    ),
    Mutant(
        "a run's counters are those of the run before it",
        MEMORY,
        "            self._counters[run.key] = {}\n",
        "            self._counters[run.key] = next(iter(self._counters.values()), {})\n",
    ),
    # Reruns: what is kept is there from the start, and never runs.
    Mutant(
        "a rerun forgets what it keeps",
        LEDGER,
        "            return kept.plan_of(mapped(base, int(items)) if items else base, letters)\n",
        "            return mapped(base, int(items)) if items else base\n",
    ),
    Mutant(
        "a kept step whose record is gone takes control",
        MACHINE,
        "    if plan.nodes[node].role is Role.KEPT:",
        "    if False:",
    ),
    Mutant("a kept step still arrives at its joins", KEPT, "role=Role.KEPT, join=None, arrives=()", "role=Role.KEPT"),
    Mutant("a join does not count what is kept", JOINS, "ended if base is NOBODY else base + ended", "ended"),
    Mutant(
        "only steps without predecessors start a rerun",
        PLAN,
        "(node.join is None or self.joins[node.join].base is not NOBODY)",
        "node.join is None",
    ),
    Mutant(
        "a gate forgets what is kept",
        KEPT,
        "gone[gate] = NOBODY if base.nodes[gate].role is Role.QUIET else brought",
        "gone[gate] = NOBODY",
    ),
    Mutant(
        "a quiet gate passes what is kept",
        KEPT,
        "gone[gate] = NOBODY if base.nodes[gate].role is Role.QUIET else brought",
        "gone[gate] = brought",
    ),
    Mutant(
        "a gate of which all is kept is still waited for",
        KEPT,
        "            if gates and gone.keys() >= set(arriving[join]):\n",
        "            if False:\n",
    ),
    # Several handlers in one process.
    Mutant(
        "the engine keeps on itself which run it is at",
        ENGINE,
        "        execution = ledger.known(effect.run)\n        run, plan",
        "        self.at = ledger.known(effect.run)\n        execution = self.at\n        run, plan",
    ),
    Mutant(
        "the engine keeps on itself what was committed last",
        LEDGER,
        "        self.follow(execution, node, self.commit(execution, node, event))\n",
        "        self.last = self.commit(execution, node, event)\n        self.follow(execution, node, self.last)\n",
    ),
    Mutant(
        "the engine keeps on itself what it is launching",
        LAUNCHING,
        "    claim = claimed(ledger, execution, effect)\n    if isinstance(claim, StepState):\n        ledger.roll",
        "    ledger.claim = claimed(ledger, execution, effect)\n    claim = ledger.claim\n"
        "    if isinstance(claim, StepState):\n        ledger.roll",
    ),
    Mutant(
        "the plan that was asked for last is everybody's",
        LEDGER,
        "        run = self._runs[key]\n        if run.kept or run.mapped is not None:\n"
        "            return self._derived(run)\n"
        "        return Execution(run, self._plans[run.version])\n",
        "        run = self._runs[key]\n"
        "        self.wanted = run.version\n        return Execution(run, self._plans[self.wanted])\n",
    ),
    Mutant(
        "what is remembered is changed by many at once",
        CACHE,
        "        with self._lock:\n",
        "        if self._lock:\n",
    ),
    Mutant(
        "who meets another who pays lets him pay",
        LEDGER,
        "        if tasks:\n            self.queue.put(tasks)\n",
        "        owed = self.__dict__.setdefault('owed', [])\n        owed += tasks\n"
        "        if self.__dict__.get('paying'):\n            return\n        self.paying = True\n"
        "        try:\n            while owed:\n                part, owed[:] = list(owed), []\n"
        "                self.queue.put(part)\n        finally:\n            self.paying = False\n",
    ),
    # Whose an id is.
    Mutant(
        "of two starts of one run each opens one",
        MEMORY,
        "            if (there := self.find_run(run.id)) is not None:\n                return there\n",
        "",
    ),
    Mutant(
        "a start that comes second goes on with its own key",
        ENGINE,
        "ledger.pay(execution, ledger.store.load(there.key, execution.plan.roots, ()), execution.plan.roots)",
        "ledger.pay(execution, View(), execution.plan.roots)",
    ),
    Mutant(
        "a run's key is a function of its id again",
        ENGINE,
        "        there = ledger.store.open_run(run, plan, kept)\n",
        "        from orchestrator.core.names import run_key\n"
        "        run = replace(run, key=run_key(run.id))\n        there = ledger.store.open_run(run, plan, kept)\n",
    ),
    Mutant(
        "nobody looks whether a run that a task is of is long over",
        LEDGER,
        "        return stored is None or stored.status is not RunStatus.RUNNING\n",
        "        return False\n",
    ),
    Mutant(
        "a run that is gone, as another instance can see, goes on where it is remembered",
        LEDGER,
        "        return stored is None or stored.status is not RunStatus.RUNNING\n",
        "        return stored is not None and stored.status is not RunStatus.RUNNING\n",
    ),
    Mutant(
        "an id stays taken when its run is gone",
        MEMORY,
        "            if (there := self.find_run(run.id)) is not None:\n                return there\n",
        "            if run.id in self._ids:\n                return self._runs[self._ids[run.id]]\n",
    ),
    Mutant(
        "a run that has ended leaves its id to the next, though it is there",
        MEMORY,
        "            if (there := self.find_run(run.id)) is not None:\n",
        "            if (there := self.find_run(run.id)) is not None and there.status is RunStatus.RUNNING:\n",
    ),
    Mutant(
        "an unfinished run loses its id to the next start",
        MEMORY,
        "            if (there := self.find_run(run.id)) is not None:\n",
        "            if (there := self.find_run(run.id)) is not None and there.status is not RunStatus.RUNNING:\n",
    ),
    Mutant("an id stays taken in Firestore when its run is gone", IDS, "    if before is None:\n", "    if True:\n"),
    Mutant(
        "whoever takes an id over leaves it the day on which it is deleted",
        IDS,
        '{**fields, "expire_at": DELETE_FIELD}',
        "{**fields}",
    ),
    # What does not add up.
    Mutant(
        "a sweep launches a step again whose document somebody deleted",
        ENGINE,
        "        return execution, view.without(*found.values())\n",
        "        return execution, view\n",
    ),
    Mutant(
        "a cancelling ends a step again whose document somebody deleted",
        CONTROL,
        "    return view.without(node for node in doubtful if",
        "    return view.without(node for node in () if",
    ),
    Mutant(
        "a late check launches a step again whose document somebody deleted",
        DUPLICATES,
        "        _put(ledger, Check(effect.run, effect.node, effect.attempt, LATE, due=due))\n",
        "        again = Launch(effect.run, effect.node, effect.attempt, due)\n"
        '        ledger.queue.put([Task(f"{effect.name}-late", CHECKS, again)])\n',
    ),
    # The commit.
    Mutant(
        "counters change outside the commit, before it is known to hold",
        MEMORY,
        "                if self._states[run].get(node, PENDING) is not seen:\n                    continue\n",
        "                if self._states[run].get(node, PENDING) is not seen:\n"
        "                    for join in transition.joins:\n"
        "                        was = self._counters[run].get(join, Counter())\n"
        "                        arrived = was.arrived + transition.arrived\n"
        "                        self._counters[run][join] = Counter(arrived, was.ended + transition.adds)\n"
        "                    continue\n",
    ),
    Mutant(
        "a commit overwrites what others wrote since its read",
        MEMORY,
        "                if self._states[run].get(node, PENDING) is not seen:\n                    continue\n",
        "",
    ),
    Mutant("a join is counted down twice", MEMORY, "before.arrived + trans", "before.arrived + 2 * trans"),
    # Paying.
    Mutant(
        "no roll-forward: a refused commit is taken for a duplicate",
        LEDGER,
        "        self.pay(execution, view, sorted(nodes))\n",
        "",
    ),
    Mutant(
        "a roll-forward pays for the step and not for those behind it",
        LEDGER,
        "        self.pay(execution, view, sorted(nodes))",
        "        self.pay(execution, view, changed)",
    ),
    Mutant(
        "paid before the commit, and not after it",
        LEDGER,
        "        self.follow(execution, node, self.commit(execution, node, event))\n",
        "        self.roll_forward(execution, node)\n        self.commit(execution, node, event)\n",
    ),
    Mutant(
        "acknowledged before it is paid: a queue that fails is no reason to come back",
        LEDGER,
        "        if tasks:\n            self.queue.put(tasks)\n",
        "        if tasks:\n            try:\n                self.queue.put(tasks)\n"
        "            except Exception:\n                pass\n",
    ),
    Mutant(
        "a check of a step that has ended pays nothing",
        CHECKING,
        "        return ledger.roll_forward(execution, check.node)\n    if state.job is None:",
        "        return None\n    if state.job is None:",
    ),
    Mutant(
        "a check that ended its step takes another for the one who pays",
        CHECKING,
        "state.ended_by not in (None, check.chain)",
        "state.ended_by is not None",
    ),
    Mutant(
        "a launch that comes too late pays nothing",
        LAUNCHING,
        "        ledger.roll_forward(execution, node)\n        found = discard_others",
        "        found = discard_others",
    ),
    Mutant(
        "a start that is repeated pays nothing",
        ENGINE,
        "ledger.pay(execution, ledger.store.load(there.key, execution.plan.roots, ()), execution.plan.roots)",
        "pass",
    ),
    Mutant(
        "a launch that nobody owes ends a step without a job",
        LAUNCHING,
        "            if effect.attempt != 1:",
        "            if effect.attempt < 1:",
    ),
    # Sweeping.
    Mutant("a sweep's tasks carry no epoch", SWEEPING, '-{SWEEP}{epoch}", ledger', '-{SWEEP}", ledger'),
    Mutant("a sweep's checks carry no epoch", SWEEPING, 'chain=f"{SWEEP}{epoch}{', 'chain=f"{SWEEP}{'),
    Mutant(
        "each sweep puts again what is lost",
        SWEEPING,
        'epoch = f"{int(now // EPOCHS[queue]):x}"',
        'epoch = f"{int(now)}"',
    ),
    Mutant("a sweep takes what waits in a slow queue for lost", SWEEPING, " or pace.lost(since, now)", " or True"),
    Mutant("a queue that stands still is waited for", OVERDUE, " or max(since, self.moved) + STILL < now", ""),
    Mutant(
        "what the queue let through lately does not count",
        OVERDUE,
        "max(since, self.moved) + STILL",
        "since + LATE",
    ),
    Mutant(
        "a sweep overlooks launches that were claimed",
        MACHINE,
        "            case Status.LAUNCHING:\n                yield Launch(run, node, state.attempt)\n",
        "",
    ),
    Mutant(
        "a sweep overlooks retries",
        MACHINE,
        "            case Status.UP_FOR_RETRY:\n",
        "            case Status.UP_FOR_RETRY if state.attempt > 99:\n",
    ),
    # What nobody owes.
    Mutant(
        "any task is performed at any node",
        FITTING,
        "    return None if role in roles else",
        "    return None if True else",
    ),
    Mutant("a step is let pass as a gate is", FITTING, "return _not_at(plan, node, _GATE)", "return None"),
    Mutant(
        "a gate is skipped as a step is",
        FITTING,
        "        case Skip(node=node) | Release(node=node):\n            return _not_at(plan, node, _STEP)\n",
        "        case Skip(node=node) | Release(node=node):\n            return _not_at(plan, node, _STEP | _GATE)\n",
    ),
    Mutant(
        "a step is skipped before its join says so",
        MACHINE,
        "        case Verdict.WAIT:\n            return None\n        case never:",
        "        case Verdict.WAIT:\n            return StepSettled(Status.SKIPPED, at)\n        case never:",
    ),
    Mutant(
        "a gate passes before all have arrived",
        EARLY,
        "    if decide(plan, node, view) is Verdict.WAIT:\n",
        "    if False:\n",
    ),
    Mutant(
        "a run ends when it is told to",
        ENGINE,
        "        if status is RunStatus.RUNNING:\n            return\n",
        "",
    ),
    # Launching.
    Mutant(
        "launched without looking for an existing job",
        LAUNCHING,
        "job = None if claim.new else backend.find(request)\n",
        "job = None\n",
    ),
    Mutant(
        "launched without a claim",
        LAUNCHING,
        "    claim = claimed(ledger, execution, effect)\n    if isinstance(claim, StepState):\n        ledger",
        "    named = name_of(ledger, execution, effect)\n"
        "    claim = Claim(ledger, execution, effect, named, ledger.clock(), new=True)\n"
        "    if isinstance(claim, StepState):\n        ledger",
    ),
    Mutant(
        "no lease: whoever finds no job launches one",
        CLAIMING,
        "        if fresh or not (commit := ledger.commit(execution, effect.node, anew)).applied:",
        "        if commit is None:",
    ),
    Mutant(
        "a lease that ran out is not begun anew",
        CLAIMING,
        "        if fresh or not (commit := ledger.commit(execution, effect.node, anew)).applied:",
        "        if fresh:",
    ),
    Mutant(
        "an attempt fails when one launch of it was lost",
        LAUNCHING,
        "claim.lost >= MAX_LOST:",
        "claim.lost:",
    ),
    Mutant(
        "a launch is sent however old its claim is",
        CLAIMING,
        "        if self._in_time():\n            return\n        event",
        "        if True:\n            return\n        event",
    ),
    Mutant("a launch is sent until others may launch it too", CLAIMING, " - self.ledger.launch_margin", ""),
    Mutant(
        "an end at launch is acknowledged though another launches",
        LAUNCHING,
        "    if not commit.applied and commit.state.status is Status.LAUNCHING and",
        "    if False and",
    ),
    Mutant(
        "an end at launch counts though another has taken the claim over",
        RETRIES,
        " or _outdated(state, event):\n",
        ":\n",
    ),
    Mutant(
        "a launch that was refused is not looked for later",
        LAUNCHING,
        "        return check_later(ledger, execution, effect)\n",
        "        return None\n",
    ),
    # Dataflow.
    Mutant(
        "one look at one list is believed",
        DATAFLOW,
        "        if found := self.find(request):\n            return found\n        region, named",
        "        region, named",
    ),
    Mutant(
        "a want of quota is a refusal",
        DATAFLOW,
        "        except (AmbiguousLaunchError, LaunchRefusedError) as error:\n",
        "        except AnswerError as error:\n            raise LaunchRefusedError(str(error)) from error\n"
        "        except (AmbiguousLaunchError, LaunchRefusedError) as error:\n",
    ),
    Mutant(
        "a streaming job that runs is not what its step waited for",
        STANDING,
        "            case states.RUNNING if handle.streaming or handle.keep:\n",
        "            case states.RUNNING if handle.keep:\n",
    ),
    Mutant(
        "a job whose state goes back has ended",
        CHECKING,
        "    if isinstance(status, JobEnd) and not status.live:\n",
        "    if not (isinstance(status, JobEnd) and status.live):\n"
        "        status = JobEnd(Outcome.SUCCEEDED, ledger.clock())\n"
        "        return ledger.handle(execution, check.node, ended(step, state, status, inf, check.chain))\n",
    ),
    Mutant(
        "a launch is sent though its claim was taken over",
        CLAIMING,
        '        raise BackendError(f"{self.job_name}: its claim',
        '        return\n        raise BackendError(f"{self.job_name}: its claim',
    ),
    Mutant(
        "who launched a second job leaves it alone",
        DUPLICATES,
        "(found.job,)), *found.beside) if job != stays]",
        "(found.job,)), *found.beside) if False]",
    ),
    Mutant(
        "the job that is recorded is cancelled as one too many",
        DUPLICATES,
        "(found.job,)), *found.beside) if job != stays]",
        "(found.job,)), *found.beside)]",
    ),
    Mutant(
        "a claim is given up though its launch may have been sent",
        LAUNCHING,
        "    except AmbiguousLaunchError:\n        claim.unanswered()\n        raise",
        "    except LookupError:\n        claim.unanswered()\n        raise",
    ),
    Mutant(
        "a kind that nobody can run is not refused",
        LAUNCHING,
        "    try:\n        return _launch(ledger, claim, request, ledger.backend(work.kind))\n",
        "    backend = ledger.backend(work.kind)\n    try:\n        return _launch(ledger, claim, request, backend)\n",
    ),
    # Checking.
    Mutant(
        "a check that fails fails the step",
        CHECKING,
        "    match backend.status(state.job):\n",
        "    try:\n        found = backend.status(state.job)\n"
        "    except Exception:\n        found = JobEnd(Outcome.FAILED, ledger.clock())\n"
        "    match found:\n",
    ),
    Mutant(
        "the next check has the name of the last",
        MESSAGES,
        "return replace(self, number=self.number + 1, due=due)",
        "return replace(self, due=due)",
    ),
    Mutant(
        "a job past its time is cancelled, and its step too",
        MACHINE,
        "    return Transition(replace(state, overdue=event.at))\n",
        "    return None\n",
    ),
    Mutant(
        "a job that was over for long when it was asked to stop has timed out",
        RETRIES,
        " and end.at >= state.overdue - event.doubt\n",
        "\n",
    ),
    Mutant(
        "a signal is believed",
        CHECKING,
        "        case JobRunning(due):\n",
        "        case JobRunning() if check_times.of_a_signal(check):\n"
        "            over = JobEnd(Outcome.SUCCEEDED, ledger.clock())\n"
        "            return ledger.handle(execution, check.node, ended(step, state, over, ledger.clock_skew))\n"
        "        case JobRunning(due):\n",
    ),
    Mutant(
        "a check whose time is known comes when any other would",
        CHECKING,
        "        wait = min([wait, *(hint - now for hint in hints)])\n",
        "",
    ),
    # Retries.
    Mutant(
        "a retry does not wait",
        RETRIES,
        "wait = max(step.retry.wait(failures), end.retry_after)",
        "wait = end.retry_after",
    ),
    Mutant(
        "a launch forgets when it is due",
        MACHINE,
        "yield Launch(run, node, state.attempt + 1, due=state.due or 0.0)",
        "yield Launch(run, node, state.attempt + 1)",
    ),
    Mutant(
        "a run ends as often as it is told to",
        MEMORY,
        "            if self._runs[run].status is not RunStatus.RUNNING:\n                return False\n",
        "",
    ),
    Mutant(
        "an interruption costs a retry",
        RETRIES,
        "failures = state.attempt - state.interruptions",
        "failures = state.attempt",
    ),
    Mutant("a new attempt forgets the interruptions", MACHINE, "            interruptions=state.interruptions,\n", ""),
    Mutant("a new attempt forgets what was not of our making", MACHINE, "            unasked=state.unasked,\n", ""),
    Mutant(
        "what is lost is made again for ever", RETRIES, "is Interruption.ASKED or state.unasked < most:", "is not None:"
    ),
    Mutant("what is lost is made again at once", RETRIES, "pause = 0.0 if asked else min", "pause = 0.0 * min"),
    Mutant("what is permanent is tried again", RETRIES, " and not end.permanent", ""),
    # Cancelling.
    Mutant(
        "a step that was cancelled begins an attempt",
        MACHINE,
        "(Status.PENDING, Status.UP_FOR_RETRY) and state.stop is None",
        "(Status.PENDING, Status.UP_FOR_RETRY)",
    ),
    Mutant(
        "a job that fails while its step is cancelled is tried again",
        RETRIES,
        " and state.stop is None:\n                wait",
        ":\n                wait",
    ),
    Mutant(
        "a job that is interrupted while its step is cancelled runs again",
        RETRIES,
        "case Outcome.CANCELLED | Outcome.INTERRUPTED if state.stop is not None:",
        "case Outcome.CANCELLED if state.stop is not None:",
    ),
    Mutant(
        "whoever takes a claim over forgets that the step was cancelled", MACHINE, "            stop=state.stop,\n", ""
    ),
    Mutant(
        "a step that was cancelled before it began ends as its join or its when says",
        MACHINE,
        "    if state.stop is not None and (state.stop.mark is None or event.cause != TRIGGER):\n",
        "    if state.stop is not None and state.stop.mark is not None and event.cause != TRIGGER:\n",
    ),
    Mutant(
        "a step that was cancelled between two attempts waits for the next",
        MACHINE,
        "    if state.status in (Status.UP_FOR_RETRY, Status.NEEDS_ATTENTION):\n"
        "        return final(plan, node, cancelled(stopped,",
        "    if state.status is Status.NEEDS_ATTENTION:\n        return final(plan, node, cancelled(stopped,",
    ),
    Mutant(
        "nobody is told to stop the job of a step that was cancelled",
        MACHINE,
        "                if state.stop is not None:\n                    yield Check(run, node, state.attempt, STOP)\n",
        "",
    ),
    Mutant(
        "a step that was cancelled before it began never ends",
        MACHINE,
        "        case Verdict.RUN, Role.STEP if state.stop is None:\n",
        "        case Verdict.RUN, Role.STEP:\n",
    ),
    Mutant(
        "a check that is to stop a job only asks for its state",
        CHECKING,
        "asks = check.chain.endswith(STOP) or ",
        "asks = ",
    ),
    Mutant(
        "a job that does not listen is asked to stop once",
        CHECKING,
        "    elif check.chain == STOP:\n        wait = GRACE\n",
        "    elif check.chain == STOP:\n        return\n",
    ),
    Mutant(
        "a job is launched for a step that was cancelled, though nobody else can launch it",
        LAUNCHING,
        "if job is None and claim.abandoned:",
        "if False:",
    ),
    Mutant(
        "a run does not know that it was cancelled",
        ENGINE,
        "ledger.store.stop_run(key, stop) or stop",
        "stop",
    ),
    Mutant(
        "a cancelling that died halfway is not finished",
        ENGINE,
        "            self._stop(execution, _stoppable(plan), run.stop, view)\n",
        "",
    ),
    Mutant(
        "steps that have a job are not cancelled",
        ENGINE,
        "            if state.stop is None:\n                ledger.handle(execution, node, StopRequested(stop))\n",
        "            if not state.status.active:\n"
        "                ledger.handle(execution, node, StopRequested(stop))\n",
    ),
    Mutant(
        "what an earlier cancelling did not come to pay is not paid by the next",
        ENGINE,
        "        ledger.pay(execution, view, [node for node, state in states.items() if state.stop is not None])\n",
        "",
    ),
    Mutant("teardowns are cancelled with their run", ENGINE, "if not step.teardown and plan", "if plan"),
    Mutant(
        "a run that was cancelled has failed",
        ENGINE,
        "            status = RunStatus.CANCELLED\n",
        "            pass\n",
    ),
    Mutant(
        "a job that goes on though its step has succeeded is not cancelled with its run",
        MACHINE,
        "    if (state.status.final and not (state.live and stop.mark is None)) or",
        "    if state.status.final or",
    ),
    Mutant(
        "a run that was cancelled does not wait for the jobs that go on",
        ENGINE,
        "        if stop is not None and live:\n",
        "        if False:\n",
    ),
    Mutant(
        "the end of a job that went on does not end the run that waited for it",
        MACHINE,
        "yield Check(run, node, state.attempt, STOP) if state.live else Finish(run, after=node)",
        "yield Check(run, node, state.attempt, STOP)",
    ),
    Mutant(
        "a job of a step that was cancelled has what the step waited for, and so is left alone",
        CHECKING,
        "unwanted = state.stop is not None or ",
        "unwanted = ",
    ),
    # What people order.
    Mutant(
        "a step that is held begins an attempt",
        MACHINE,
        "    free = state.control is None or state.control.hold is None\n    return",
        "    free = True\n    return",
    ),
    Mutant(
        "a step that is held is settled by its launch",
        MACHINE,
        " or state.control.hold is None or state.stop is not None or event.cause == TRIGGER",
        " or True",
    ),
    Mutant(
        "a launch after a release has the name of the one that was refused",
        CONTROL_EVENTS,
        "            yield replace(effect, releases=control.releases)\n",
        "            yield effect\n",
    ),
    Mutant(
        "the release of a hold is not owed",
        CONTROL_EVENTS,
        "        yield Release(run, node, due=hold.until, of=hold.at)\n",
        "        yield from ()\n",
    ),
    Mutant(
        "a release that comes early releases",
        CONTROL,
        "    if hold.until > now + ledger.clock_skew:",
        "    if False:",
    ),
    Mutant(
        "the second who holds a step replaces the first",
        CONTROL_EVENTS,
        " or state.stop is not None or control.hold is not None:",
        " or state.stop is not None:",
    ),
    Mutant(
        "what people requested is forgotten when an attempt is claimed",
        MACHINE,
        "            control=state.control,\n",
        "",
    ),
    Mutant(
        "the launch of a step that was released is not paid by whoever released it",
        LEDGER,
        "        launched = commit.state.control is not None or commit",
        "        launched = commit",
    ),
    Mutant(
        "a request that was made before is not paid again",
        CONTROL,
        "            ledger.follow(execution, node, commits[node], by_itself=False)\n",
        "            if commits[node].applied:\n"
        "                ledger.follow(execution, node, commits[node], by_itself=False)\n",
    ),
    Mutant(
        "a step that is to be held when it has failed fails",
        RETRIES,
        "    if plan.steps[node].on_failure is OnFailure.HOLD and state.stop is None:\n",
        "    if False:\n",
    ),
    Mutant(
        "a step that was cancelled needs attention",
        RETRIES,
        "    if plan.steps[node].on_failure is OnFailure.HOLD and state.stop is None:\n",
        "    if plan.steps[node].on_failure is OnFailure.HOLD:\n",
    ),
    Mutant(
        "the attempts before a retry still count",
        CONTROL_EVENTS,
        "    control = replace(noted, forgiven=failed)\n",
        "    control = noted\n",
    ),
    Mutant(
        "what is retried a second time by the same request is tried twice",
        CONTROL_EVENTS,
        " and state.attempt == event.attempt\n",
        "\n",
    ),
    Mutant(
        "the interruptions before a retry still count",
        CONTROL_EVENTS,
        "due=event.at, unasked=0, control=control",
        "due=event.at, control=control",
    ),
    Mutant(
        "a step that needs attention cannot be marked",
        MACHINE,
        "    if state.status in (Status.UP_FOR_RETRY, Status.NEEDS_ATTENTION):\n",
        "    if state.status is Status.UP_FOR_RETRY:\n",
    ),
    Mutant(
        "a job of a step that was marked decides how it ends",
        RETRIES,
        "        settled = end.drained or state.stop.mark is not None\n",
        "        settled = end.drained\n",
    ),
    Mutant(
        "a step that was marked is cancelled",
        RETRIES,
        "    if stop is not None and stop.mark is not None:\n",
        "    if False:\n",
    ),
    Mutant(
        "a job that goes on is marked though its step has succeeded",
        MACHINE,
        "not (state.live and stop.mark is None)) or",
        "not state.live) or",
    ),
    Mutant(
        "a step that was marked before it began ends so whatever its rule says",
        MACHINE,
        "(state.stop.mark is None or event.cause != TRIGGER):",
        "True:",
    ),
    Mutant(
        "the outputs that a step is marked with are lost",
        RETRIES,
        "        outputs = left if stop.mark is Status.SUCCEEDED else None\n",
        "        outputs = None\n",
    ),
    Mutant(
        "the condition of a step that is retried is not asked again",
        LAUNCHING,
        " or step.on_failure is OnFailure.HOLD ",
        " ",
    ),
    Mutant(
        "what somebody marked is not paid again by the same order",
        CONTROL,
        "        elif isinstance(event, StopRequested):\n",
        "        elif False:\n",
    ),
    Mutant(
        "what has ended is still held",
        JOINS,
        "    if state.control is not None and state.control.hold is not None:\n",
        "    if False:\n",
    ),
    Mutant(
        "the attempts before a claim that is taken over are forgotten",
        MACHINE,
        "past=state.past if event.over is not None or not state.attempt else remembered(state)",
        "past=() if event.over is not None or not state.attempt else remembered(state)",
    ),
    Mutant(
        "an attempt is forgotten when the next one begins",
        MACHINE,
        "past=state.past if event.over is not None or not state.attempt else remembered(state)",
        "past=state.past",
    ),
    # How a run ends.
    Mutant(
        "leaves decide, whatever the graph says",
        PLAN,
        "step.counts and step.trigger in CARRYING if fails_on is FailsOn.ANY else not step.teardown",
        "not step.teardown",
    ),
    Mutant(
        "a failure is taken for told where the step behind it may fail",
        PLAN,
        "carries = step.counts and step.trigger in CARRYING",
        "carries = step.trigger in CARRYING",
    ),
    Mutant(
        "a failure is taken for told where a tolerant step swallows it",
        RULES,
        "CARRYING = frozenset({TriggerRule.ALL_SUCCESS,",
        "CARRYING = frozenset({TriggerRule.ALL_SUCCESS, TriggerRule.ALL_DONE,",
    ),
    Mutant(
        "a step before a teardown alone is no leaf",
        PLAN,
        "else not step.teardown\n",
        "else True\n",
    ),
    Mutant(
        "what may fail fails the run",
        PLAN,
        "if step.counts and step.name not in told]",
        "if step.name not in told]",
    ),
    Mutant(
        "a held step is not released where a record beside it contradicts others",
        CONTROL,
        "recorded = isinstance(event, HoldReleased) and node in seen.states",
        "recorded = False",
    ),
    # Joins that something passes before all have arrived.
    Mutant(
        "a gate passes on again the successes that it has passed on",
        JOINS,
        "adds = passed if state.passed is None else passed - state.passed",
        "adds = passed",
    ),
    Mutant(
        "a gate passes on as many successes as before",
        EARLY,
        "or not (event.whole or event.passed.succeeded > _passed_on(state))",
        "or False",
    ),
    Mutant(
        "a gate that passes on some successes has arrived",
        JOINS,
        "arrived=0 if ended_at is None else 1",
        "arrived=1",
    ),
    Mutant(
        "what a gate passes on early is not paid",
        LEDGER,
        "        arrives = commit.state.status.final or commit.state.passed is not None\n",
        "        arrives = commit.state.status.final\n",
    ),
    Mutant(
        "a gate of at_least waits for its group",
        EARLY,
        "        if arrived > _passed_on(state):\n",
        "        if False:\n",
    ),
    Mutant(
        "the next pass of a gate has the name of the one before",
        MESSAGES,
        '(f"-{self.early}" if self.early else "")',
        '("-1" if self.early else "")',
    ),
    Mutant(
        "in a rerun, a lone gate tells nothing before it has passed",
        JOINS,
        "(state.passed or NOBODY) if pending else",
        "NOBODY if pending else",
    ),
    Mutant("at_least requires one success less", RULES, "succeeded >= join.needed", "succeeded >= join.needed - 1"),
    Mutant("at_least requires one success more", RULES, "succeeded >= join.needed", "succeeded > join.needed"),
    Mutant(
        "at_least blames nobody",
        RULES,
        "    if join.broken and join.ended.succeeded + join.pending",
        "    if False and join.ended.succeeded + join.pending",
    ),
    Mutant(
        "later arrivals put off the end of a wait",
        EARLY,
        "state.status is Status.PENDING and state.due is None",
        "state.status is Status.PENDING",
    ),
    Mutant(
        "a wait is limited though nothing has arrived",
        EARLY,
        "    if all(join_at(plan, number, view).ended == NOBODY for number in nodes):\n        return None\n",
        "",
    ),
    Mutant(
        "a limited wait is over at once",
        EARLY,
        "replace(state, due=event.due)",
        "replace(state, due=OVER)",
    ),
    Mutant(
        "a limited wait ends only when all have arrived",
        EARLY,
        "        if state.due is not None:\n",
        "        if False:\n",
    ),
    Mutant(
        "whoever says so ends a limited wait",
        LIMITING,
        "    if due and due > now + ledger.clock_skew:\n",
        "    if False:\n",
    ),
    Mutant(
        "in a tree, no first arrival limits a wait",
        PLAN,
        "            if found and self.nodes[number].rule is",
        "            if False and self.nodes[number].rule is",
    ),
    Mutant(
        "the end of a limited wait has the name of its beginning",
        MESSAGES,
        '("-over" if self.due else "")',
        '""',
    ),
    Mutant(
        "a sweep takes what was passed on early for a contradiction",
        CONSISTENCY,
        "(state.status.final or state.passed is not None):",
        "state.status.final:",
    ),
    # Joins and rules.
    Mutant(
        "a cancelled step counts as succeeded",
        JOINS,
        "Status.CANCELLED: Tally(failed=1)",
        "Status.CANCELLED: Tally(succeeded=1)",
    ),
    Mutant(
        "a step that will not run does not wait for all to end",
        JOINS,
        "    if join.pending and said is not Verdict.RUN:\n        return Verdict.WAIT\n",
        "",
    ),
    Mutant(
        "all_success overlooks skipped steps",
        RULES,
        "return Verdict.SKIP if join.ended.skipped else Verdict.RUN",
        "return Verdict.RUN",
    ),
    Mutant(
        "one_success runs before one has succeeded",
        RULES,
        "def one_success(join: Join) -> Verdict:\n    if join.ended.succeeded:",
        "def one_success(join: Join) -> Verdict:\n    if join.ended.succeeded or join.ended.skipped:",
    ),
    Mutant(
        "one_failed overlooks upstream_failed",
        RULES,
        "def one_failed(join: Join) -> Verdict:\n    if join.broken:",
        "def one_failed(join: Join) -> Verdict:\n    if join.ended.failed:",
    ),
    Mutant(
        "what a step at very many joins passes on, it passes before it has ended",
        PLAN,
        "gate = self.gate(self.meet((node,)), TriggerRule.ALL_DONE)",
        "gate = self.gate(self.meet((node,)), TriggerRule.ALWAYS)",
    ),
    Mutant(
        "a gate is told to pass at the first arrival",
        PLAN,
        "(self.gate(self.meet(group), rule) for group",
        "(self.gate(self.meet(group), TriggerRule.ONE_DONE) for group",
    ),
    Mutant(
        "a quiet gate counts how the steps ended",
        EARLY,
        "GatePassed(NOBODY if plan",
        "GatePassed(NOBODY if False and plan",
    ),
    Mutant(
        "the end does not wait for the steps that an impatient rule left behind",
        PLAN,
        "    if unawaited := sorted(set(range(len(steps))) - awaited.union(last)):",
        "    if unawaited := []:",
    ),
    Mutant(
        "impatient rules share the gates of others",
        PLAN,
        "key = arrivals if len(arrivals) <= WIDE else (arrivals, rule)",
        "key = arrivals",
    ),
    # Pools: never more than there are places, none left behind, and nobody forgotten.
    Mutant(
        "an attempt needs no place",
        CLAIMING,
        "    commit = begin(ledger, execution, effect, event) if ledger.pools else ledger",
        "    commit = begin(ledger, execution, effect, event) if ledger.launch_lease < 0 else ledger",
    ),
    Mutant(
        "a place that is taken is taken again",
        MEMORY,
        "                if any(place in self._places for place in transition.moves.takes):\n"
        "                    return Commit(False, seen, {}, taken=True)\n",
        "",
    ),
    Mutant(
        "a place without a document is taken in Firestore though it has one by now",
        PLACES,
        "                batch.create(self._place(place), taken)",
        "                batch.set(self._place(place), taken)",
    ),
    Mutant(
        "a place is taken in Firestore whatever became of it since it was seen free",
        PLACES,
        '                batch.update(self._place(place), {**taken, "free": DELETE_FIELD}, option)',
        '                batch.update(self._place(place), {**taken, "free": DELETE_FIELD})',
    ),
    Mutant(
        "an attempt that has ended keeps its places",
        MOVES,
        "    return state if state.status.active or not state.places else replace(state, places=())",
        "    return state",
    ),
    Mutant(
        "whoever takes a claim over has none of its places",
        MACHINE,
        "            places=state.places if event.over is not None else event.places,",
        "            places=event.places,",
    ),
    Mutant(
        "a step that is cancelled or held stays in line",
        MOVES,
        "(state.status not in WAITING or state.stop is not None or held)",
        "(state.status not in WAITING)",
    ),
    Mutant(
        "whoever has joined the line does not look once more",
        POOLS,
        "            continue  # it has just joined the line, and a place may have become free before that",
        "            return None",
    ),
    Mutant("whoever is first in line does not go first", POOLS, "    before = sum(", "    before = 0 * sum("),
    Mutant(
        "the line knows no priorities",
        "orchestrator/core/pools.py",
        '    return f"{MAX_PRIORITY - priority:04d} ',
        '    return f"{MAX_PRIORITY:04d} ',
    ),
    Mutant(
        "whoever frees a place or leaves a line wakes nobody",
        LEDGER,
        "        if commit.moves is not NO_MOVES:\n            self.give",
        "        if commit.moves is None:\n            self.give",
    ),
    Mutant(
        "whoever leaves a line wakes nobody",
        "orchestrator/core/pools.py",
        "        if self.leaves is not None and all(",
        "        if False and all(",
    ),
    Mutant(
        "after a refused commit nobody is woken",
        LEDGER,
        "        for node in changed if self.pools else ():",
        "        for node in ():",
    ),
    Mutant(
        "only one is woken, however many places are free",
        LINE,
        "for wait in seen.first]",
        "for wait in seen.first[:1]]",
    ),
    Mutant(
        "a step that left the line is forgotten",
        LEDGER,
        "commit.state.control is not None or commit.moves.leaves is not None",
        "commit.state.control is not None",
    ),
    Mutant(
        "a sweep leaves lines alone",
        SWEEPING,
        "    for pool in lines:\n        mend",
        "    for pool in set[str]():\n        mend",
    ),
    Mutant(
        "a sweep puts the launches of all who stand in line",
        SWEEPING,
        "        if wait is not None:  # it was",
        "        if wait is None and now < 0:  # it was",
    ),
    Mutant(
        "places of deleted records are never free again",
        MENDING,
        "            if _left_behind(ledger, occupant) and",
        "            if False and",
    ),
    # What users wrote, what other versions wrote.
    Mutant(
        "what nobody foresaw goes through to whoever delivered the task",
        ENGINE,
        "            raise UnexpectedError(error) from error\n",
        "            raise\n",
    ),
    Mutant(
        "a launch that raised what nobody foresaw was not sent",
        LAUNCHING,
        "    except BackendError:\n        claim.unsent()\n        raise\n",
        "    except Exception:\n        claim.unsent()\n        raise\n",
    ),
    Mutant(
        "outputs that nothing can hold are kept",
        CHECKING,
        "    elif end.outputs is not None and (wrong := misfit(end.outputs)):",
        "    elif False and (wrong := misfit(end.outputs)):",
    ),
    Mutant(
        "a field of a newer version makes a state unreadable",
        "orchestrator/core/codec.py",
        "            continue  # from a newer version\n",
        '            raise ValueError(f"unknown: {name}")\n',
    ),
    Mutant(
        "a field of a newer version makes a task unreadable",
        MESSAGES,
        "{name: body[written] for written, name, _ in fields if written in body}",
        '{name: value for name, value in body.items() if name not in ("v", "do", "look")}',
    ),
    # Firestore's adapter, whose commits may be applied when nobody waits for them any more.
    Mutant(
        "a step is committed to Firestore whatever became of it since it was read",
        "orchestrator/stores/firestore/store.py",
        "            batch.update(step, written_as, option=self._client.write_option(last_update_time=seen.updated))\n",
        "            batch.update(step, written_as)\n",
    ),
    Mutant(
        "a step that was not there is committed to Firestore though it is there by now",
        "orchestrator/stores/firestore/store.py",
        "            batch.create(step, written_as)\n",
        "            batch.set(step, written_as)\n",
    ),
    Mutant(
        "a commit to Firestore that was refused, or its answer lost, is taken for made",
        "orchestrator/stores/firestore/store.py",
        "                    retries.spend(error)\n            elif certain:",
        "                    return Commit(True, transition.state, {})\n            elif certain:",
    ),
    Mutant(
        "a run is written to Firestore whatever became of it since it was read",
        "orchestrator/stores/firestore/store.py",
        "{**documents.of_run(changed), **also}, ids.unchanged(found))",
        "{**documents.of_run(changed), **also})",
    ),
)

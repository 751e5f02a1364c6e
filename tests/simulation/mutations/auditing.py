"""Hand-made mutants of audits of the jobs in the cloud."""

from tests.simulation.mutations.mutant import Mutant

_WHY = "orchestrator/operations/audit/why_left.py"

MUTANTS = (
    Mutant(
        "an audit finds jobs whose launch is not recorded yet",
        _WHY,
        "(state.status.active or state.live)",
        "((state.status.active and state.job is not None) or state.live)",
    ),
    Mutant(
        "an audit finds jobs that steps keep running",
        _WHY,
        "(state.status.active or state.live)",
        "state.status.active",
    ),
    Mutant(
        "an audit leaves out the jobs of runs that are gone",
        _WHY,
        '        return f"there is no run with its key, {job.run}"',
        '        return ""',
    ),
    Mutant(
        "an audit takes the job of an earlier attempt for one that goes on",
        _WHY,
        "    if state.attempt == job.attempt and (",
        "    if state.attempt >= job.attempt and (",
    ),
)

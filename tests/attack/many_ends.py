"""More than 64 jobs end at once: 400 commands wait for one lock, in a run of ``--parallel 500``."""

from pathlib import Path

from tests.attack._driven import driven, ended, written

COUNT = 400


def attack(folder: Path) -> str:
    lock, up = folder / "lock", folder / "up"
    up.mkdir()
    holds = f'exec 9>"{lock}"; flock 9; while [ "$(ls "{up}" | wc -l)" -lt {COUNT} ]; do sleep 0.1; done'
    waits = f'exec 9>>"{lock}"; : > "{up}/$ORCHESTRATOR_STEP"; flock -s 9'
    steps = {"holds": {"command": holds}} | {f"waits-{number}": {"command": waits} for number in range(COUNT)}
    told = driven(folder, written(folder, steps), "--parallel", "500")
    assert ended(told) == dict.fromkeys(steps, ("succeeded", 1))
    return f"{COUNT} ends at once, all of them heard"

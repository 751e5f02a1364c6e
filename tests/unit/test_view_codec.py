"""What those far away are told of a run's steps: a view, written and read back."""

import json

from orchestrator.core.model import Counter, Status, StepState, View
from orchestrator.core.pools import Wait
from orchestrator.core.rules import Tally
from orchestrator.core.view_codec import view_from_json, view_to_json


def test_a_view_tells_where_its_steps_stand_in_line():
    """A console of an older version does not."""
    wait = Wait("p", "1000 rank", 20.0, 20, "launches", "{}", stands=(20, 6), holders=("n/a",))
    view = View({3: StepState(Status.PENDING, waits=wait)}, {1: Counter(2, Tally(2))}, frozenset({5}))
    told = json.loads(json.dumps(view_to_json(view)))
    assert told["standings"] == {"3": {"taken": 20, "before": 6, "holders": ["n/a"]}}
    assert view_from_json(told) == view
    del told["standings"]
    assert view_from_json(told).state(3).waits == Wait("p", "1000 rank", 20.0, 20, "launches", "{}")

"""Hand-made mutants of what users wrote, of what other versions wrote, and of what is written to Firestore."""

from tests.simulation.mutations.mutant import CHECKING, CODEC, ENGINE, LAUNCHING, Mutant

MUTANTS = (
    # What users wrote, what other versions wrote.
    Mutant(
        "what nobody foresaw goes through to whoever delivered the task",
        ENGINE,
        "            raise UnexpectedError(error) from error\n",
        "            raise\n",
        test="tests/unit/test_engine_launching.py::test_a_launch_that_raised_what_nobody_foresaw_may_have_been_sent",
    ),
    Mutant(
        "a launch that raised what nobody foresaw was not sent",
        LAUNCHING,
        "    except BackendError:\n        claim.unsent()\n        raise\n",
        "    except Exception:\n        claim.unsent()\n        raise\n",
        test="tests/unit/test_engine_launching.py::test_a_launch_that_raised_what_nobody_foresaw_may_have_been_sent",
    ),
    Mutant(
        "outputs that nothing can hold are kept",
        CHECKING,
        "    elif end.outputs is not None and (wrong := misfit(end.outputs)):",
        "    elif False and (wrong := misfit(end.outputs)):",
        test="tests/unit/test_engine_checking.py::test_outputs_that_nothing_can_hold_fail_the_step_for_good",
    ),
    Mutant(
        "a field of a newer version makes a state unreadable",
        "orchestrator/core/json_fields.py",
        "            continue  # from a newer version\n",
        '            raise ValueError(f"unknown: {name}")\n',
        test="tests/unit/test_codec.py::test_what_a_newer_version_added_to_a_state_is_left_aside",
    ),
    Mutant(
        "a field of a newer version makes a task unreadable",
        CODEC,
        "{name: body[written] for written, name, _ in fields if written in body}",
        '{name: value for name, value in body.items() if name not in ("v", "do", "look")}',
        test="tests/unit/test_engine.py::test_a_check_that_ended_its_step_and_is_then_put_off_leaves_the_paying_to_the_check_after_it",
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

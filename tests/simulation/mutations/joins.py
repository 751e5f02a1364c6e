"""Hand-made mutants of joins, of their rules, and of how a run ends."""

from tests.simulation.mutations.mutant import COMPILER, EARLY, JOINS, PLAN, RULES, Mutant

MUTANTS = (
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
        test="tests/unit/test_machine.py::test_a_joining_step_is_owed_what_its_counter_says",
    ),
    Mutant(
        "all_success overlooks skipped steps",
        RULES,
        "return Verdict.SKIP if join.ended.skipped else Verdict.RUN",
        "return Verdict.RUN",
        test="tests/unit/test_machine.py::test_a_joining_step_is_owed_what_its_counter_says",
    ),
    Mutant(
        "one_success runs before one has succeeded",
        RULES,
        "def one_success(join: Join) -> Verdict:\n    if join.ended.succeeded:",
        "def one_success(join: Join) -> Verdict:\n    if join.ended.succeeded or join.ended.skipped:",
        test="tests/unit/test_rules.py::test_the_rules_agree_with_airflow_except_where_airflow_depends_on_the_order_of_arrival",
    ),
    Mutant(
        "one_failed overlooks upstream_failed",
        RULES,
        "def one_failed(join: Join) -> Verdict:\n    if join.broken:",
        "def one_failed(join: Join) -> Verdict:\n    if join.ended.failed:",
        test="tests/unit/test_rules.py::test_the_rules_agree_with_airflow_except_where_airflow_depends_on_the_order_of_arrival",
    ),
    Mutant(
        "what a step at very many joins passes on, it passes before it has ended",
        COMPILER,
        "gate = self.gate(self.meet((node,)), TriggerRule.ALL_DONE)",
        "gate = self.gate(self.meet((node,)), TriggerRule.ALWAYS)",
    ),
    Mutant(
        "a gate is told to pass at the first arrival",
        COMPILER,
        "(self.gate(self.meet(group), rule) for group",
        "(self.gate(self.meet(group), TriggerRule.ONE_DONE) for group",
        test="tests/unit/test_plan.py::test_patient_rules_share_a_tree_and_an_impatient_one_has_its_own",
    ),
    Mutant(
        "a quiet gate counts how the steps ended",
        EARLY,
        "GatePassed(NOBODY if plan",
        "GatePassed(NOBODY if False and plan",
        test="tests/unit/test_engine_ending.py::test_a_step_that_may_fail_and_a_teardown_do_not_fail_the_run",
    ),
    Mutant(
        "the end does not wait for the steps that an impatient rule left behind",
        COMPILER,
        "    if unawaited := sorted(set(range(len(steps))) - awaited.union(last)):",
        "    if unawaited := []:",
        test="tests/unit/test_plan.py::test_the_end_waits_for_steps_that_only_an_impatient_rule_follows_but_does_not_ask_how_they_ended",
    ),
    Mutant(
        "impatient rules share the gates of others",
        COMPILER,
        "key = arrivals if len(arrivals) <= WIDE else (arrivals, rule)",
        "key = arrivals",
        test="tests/unit/test_plan.py::test_patient_rules_share_a_tree_and_an_impatient_one_has_its_own",
    ),
    # How a run ends.
    Mutant(
        "leaves decide, whatever the graph says",
        PLAN,
        "step.counts and step.trigger in CARRYING if fails_on is FailsOn.ANY else not step.teardown",
        "not step.teardown",
        test="tests/unit/test_plan.py::test_a_step_whose_failure_a_tolerant_step_would_swallow_tells_the_end_itself",
    ),
    Mutant(
        "a failure is taken for told where the step behind it may fail",
        PLAN,
        "carries = step.counts and step.trigger in CARRYING",
        "carries = step.trigger in CARRYING",
        test="tests/unit/test_plan.py::test_what_may_fail_and_teardowns_arrive_at_the_end_quietly",
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
        test="tests/unit/test_plan.py::test_of_leaves_those_decide_that_only_teardowns_come_after",
    ),
    Mutant(
        "what may fail fails the run",
        PLAN,
        "if step.counts and step.name not in told]",
        "if step.name not in told]",
        test="tests/unit/test_plan.py::test_what_may_fail_and_teardowns_arrive_at_the_end_quietly",
    ),
)

"""The options of Dataflow jobs: what Dataflow calls them, and what a deployment may set for all jobs.

Imports no client, so the settings are read without the 100 ms that ``jobs/dataflow/`` costs.
"""

from collections.abc import Callable, Iterator, Mapping

from orchestrator.text import did_you_mean

#: A step's options and what FlexTemplateRuntimeEnvironment calls them (dataflow v1b3, revision 20261018).
OPTIONS: Mapping[str, str] = {
    "service_account": "serviceAccountEmail",
    "network": "network",
    "subnetwork": "subnetwork",
    "ip_configuration": "ipConfiguration",
    "machine_type": "machineType",
    "launcher_machine_type": "launcherMachineType",
    "num_workers": "numWorkers",
    "max_workers": "maxWorkers",
    "autoscaling_algorithm": "autoscalingAlgorithm",
    "disk_size_gb": "diskSizeGb",
    "worker_region": "workerRegion",
    "worker_zone": "workerZone",
    "temp_location": "tempLocation",
    "staging_location": "stagingLocation",
    "kms_key": "kmsKeyName",
    "additional_experiments": "additionalExperiments",
    "enable_streaming_engine": "enableStreamingEngine",
    "flexrs_goal": "flexrsGoal",
    "sdk_container_image": "sdkContainerImage",
}

#: Those that RuntimeEnvironment, the classic templates', does not have.
NOT_CLASSIC = frozenset(
    {"launcher_machine_type", "autoscaling_algorithm", "staging_location", "flexrs_goal", "sdk_container_image"}
)

COUNTS = frozenset({"num_workers", "max_workers", "disk_size_gb"})

#: Options that only make sense together: a step that sets one of them gets none of the others from its deployment.
TOGETHER = (frozenset({"network", "subnetwork"}), frozenset({"worker_region", "worker_zone"}))


def wrong_defaults(options: Mapping[str, object]) -> Iterator[str]:
    """A sentence about each wrong name or value among the options that a deployment sets for all jobs.

    Found only at a launch, such a mistake would fail every step without a retry.
    """
    for name, value in options.items():
        if name == "region":
            yield "region: no such option: ORCHESTRATOR_REGION sets it"
        elif name not in OPTIONS and name != "labels":
            yield f"{name}: no such option{did_you_mean(name, [*OPTIONS, 'labels'])}"
        elif value is not None:  # which says nothing, as in a graph file
            expected, fits = _KINDS.get(name, _TEXT)
            if not fits(value):
                yield f"{name}: expected {expected}, got {value!r:.60}"


_Kind = tuple[str, Callable[[object], bool]]

_TEXT: _Kind = ("a text", lambda value: isinstance(value, str) and bool(value))
_COUNT: _Kind = ("a whole number of at least 1", lambda value: type(value) is int and value >= 1)
_KINDS: Mapping[str, _Kind] = {
    **dict.fromkeys(COUNTS, _COUNT),
    "enable_streaming_engine": ("true or false", lambda value: isinstance(value, bool)),
    "additional_experiments": (
        "a list of texts",
        lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value),
    ),
    "labels": (
        "an object whose values are texts",
        lambda value: isinstance(value, dict) and all(isinstance(one, str) for one in value.values()),
    ),
}

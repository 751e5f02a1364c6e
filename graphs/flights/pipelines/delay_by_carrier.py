"""The delays of each carrier; carriers go by their codes here, their names are joined later."""

import apache_beam as beam
import flights_io


def main() -> None:
    parser = flights_io.parser(__doc__)
    parser.add_argument("--input", required=True, type=flights_io.source, help="accepted flights")
    args, flags = parser.parse_known_args()

    with flights_io.pipeline(flags, path=args.output) as pipeline:
        (
            pipeline
            | "Read" >> flights_io.read_json(args.input)
            | "Key by carrier" >> beam.Map(lambda flight: (flight["carrier"], flights_io.delays(flight)))
            | "Add up" >> beam.CombinePerKey(flights_io.add_up)
            | "Mean" >> beam.MapTuple(lambda carrier, totals: {"carrier": carrier} | flights_io.means(totals))
            | "Write" >> flights_io.write_table(args.output, order=lambda row: row["carrier"])
        )


if __name__ == "__main__":
    main()

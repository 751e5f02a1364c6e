"""Packs the rejected flights into one compressed file; where there are none, it writes an empty one."""

import apache_beam as beam
import flights_io


def main() -> None:
    parser = flights_io.parser(__doc__)
    parser.add_argument("--input", required=True, help="pattern of the rejected flights; nothing need match it")
    args, flags = parser.parse_known_args()

    with flights_io.pipeline(flags, path=args.output) as pipeline:
        (
            pipeline
            | beam.Create([args.input])
            | "Read" >> beam.io.ReadAllFromText()
            | "Gather" >> beam.combiners.ToList()
            | "Sort" >> beam.Map(lambda lines: "".join(f"{line}\n" for line in sorted(lines)))
            | "Write" >> beam.io.WriteToText(args.output, shard_name_template="", append_trailing_newlines=False)
        )


if __name__ == "__main__":
    main()

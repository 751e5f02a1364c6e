"""Joins the results of a run into one HTML page; how the page looks is report_page's business."""

import apache_beam as beam
import flights_io
import report_page
from apache_beam.pvalue import AsSingleton

TABLES = ("scorecard", "visibility", "destinations")


def main() -> None:
    parser = flights_io.parser(__doc__)
    parser.add_argument("--month", required=True, choices=flights_io.MONTHS)
    parser.add_argument("--accepted", required=True, type=int, help="how many flights were counted")
    parser.add_argument("--rejected", required=True, type=int, help="how many could not be")
    for table in TABLES:
        parser.add_argument(f"--{table}", required=True, type=flights_io.source, help="path of this result")
    args, flags = parser.parse_known_args()

    with flights_io.pipeline(flags, path=args.output) as pipeline:
        results = {
            table: AsSingleton(pipeline | f"Read {table}" >> flights_io.read_json(getattr(args, table)))
            for table in TABLES
        }
        (
            pipeline
            | beam.Create([args.month])
            | "Draw" >> beam.Map(report_page.page, accepted=args.accepted, rejected=args.rejected, **results)
            | "Write" >> beam.io.WriteToText(args.output, shard_name_template="")
        )


if __name__ == "__main__":
    main()

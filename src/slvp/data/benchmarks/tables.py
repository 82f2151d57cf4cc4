"""Tables of sentences that benchmarks keep as CSV files with a header."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from slvp.data.benchmarks.files import read_text
from slvp.errors import UserError


def read_table(path: Path, columns: tuple[str, ...], benchmark: str) -> list[tuple[str, ...]]:
    """Return, for each row of a CSV file, the values of some columns in the order asked for.

    The file is UTF-8 and its first line names the columns; others than those asked for are passed
    over, as are empty lines.

    Raises:
        UserError: the file is missing, is no UTF-8, lacks a column, or a row has more or fewer
            values than the header has names.
    """
    content = read_text(path, benchmark)
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        header = [name.strip() for name in next(reader, [])]
        places = [header.index(name) for name in columns]
        rows = []
        for values in reader:
            if not values:
                continue
            if len(values) != len(header):
                raise ValueError(f"line {reader.line_num} has {len(values)} values")
            rows.append(tuple(values[place] for place in places))
    except (ValueError, csv.Error) as error:
        raise UserError(
            f"{path} doesn't read as a CSV file with the columns {', '.join(columns)} ({error}): "
            f"download or unpack {benchmark} again."
        ) from error
    return rows


def one_line(text: str) -> str:
    """Return a sentence without spaces at its ends and with single ones within."""
    return " ".join(text.split())

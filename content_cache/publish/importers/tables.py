"""P A CSV file as rows of texts, whatever its delimiter, line ends or byte order mark."""

from __future__ import annotations

import csv
import io

from appliance.errors import BadInput

LARGEST = 50_000_000
"""Bytes of one file."""
MOST_ROWS, MOST_COLUMNS = 200_000, 400
BEYOND = "(cells beyond the last column)"
Row = dict[str, str]


def read(untrusted: bytes, file: str) -> list[Row]:
    """Rows by column name; empty cells are left out, and rows without any cell. Raises BadInput naming the file."""
    if len(untrusted) > LARGEST:
        raise BadInput(f"larger than {LARGEST} bytes", where=file, mend="split it")
    try:
        text = untrusted.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput("not in UTF-8", where=file, mend='save it as "CSV UTF-8"') from error
    return rows(cells(text, file), file)


def cells(text: str, file: str) -> list[list[str]]:
    """The file as lists of cells. Raises BadInput."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        return list(csv.reader(io.StringIO(unified, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise BadInput(f"not a table: {error}", where=file, mend='save it again as "CSV UTF-8"') from error


def rows(table: list[list[str]], file: str) -> list[Row]:
    """Rows by the names in the first line. Raises BadInput for a table without names or one that is too large."""
    names = [" ".join(cell.split()) for cell in table[0]] if table else []
    if not any(names):
        raise BadInput("no line with the names of the columns", where=file, mend="put them into the first line")
    if len(table) > MOST_ROWS or len(names) > MOST_COLUMNS:
        raise BadInput(f"more than {MOST_ROWS} rows or {MOST_COLUMNS} columns", where=file, mend="split it")
    twice = {name for name in names if name and names.count(name) > 1}
    if twice:
        raise BadInput(f"a column that is there twice: {sorted(twice)[0][:60]}", where=file, mend="give each its own name")
    found = [_row(names, line) for line in table[1:]]
    return [row for row in found if row]


def _row(names: list[str], line: list[str]) -> Row:
    row = {name: cell.strip() for name, cell in zip(names, line, strict=False) if name and cell.strip()}
    beyond = [cell.strip() for place, cell in enumerate(line) if (place >= len(names) or not names[place]) and cell.strip()]
    return row | {BEYOND: "; ".join(beyond)} if beyond else row

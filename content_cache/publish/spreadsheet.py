"""E Spreadsheets (XLSX, ISO/IEC 29500) of the template: written with help and choices, read within bounds, by openpyxl."""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl  # type: ignore[import-untyped]
from openpyxl.comments import Comment  # type: ignore[import-untyped]
from openpyxl.styles import Alignment, Font, PatternFill  # type: ignore[import-untyped]
from openpyxl.utils import get_column_letter  # type: ignore[import-untyped]
from openpyxl.utils.exceptions import InvalidFileException  # type: ignore[import-untyped]
from openpyxl.worksheet.datavalidation import DataValidation  # type: ignore[import-untyped]

from appliance.errors import BadInput
from content_cache.opportunities import KINDS
from content_cache.publish.importers import template_columns as columns

LARGEST, LARGEST_UNPACKED = 20_000_000, 200_000_000
MOST_ROWS, MOST_COLUMNS = 20_000, 400
_ROWS = 2_000
"""Rows for which the empty file offers choices."""
_CHOICES: Mapping[str, Sequence[str]] = {
    "status": ("active", "inactive", "temporarily closed", "defunct"), "opportunity": tuple(KINDS), "voucher": ("yes", "no"),
}  # fmt: skip


def write(tags: Sequence[str]) -> bytes:
    """The empty template: one sheet to fill in, one that explains each column."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Services"
    headings = columns.headings(tags)
    sheet.append(headings)
    sheet.append(columns.example(tags))
    for place, heading in enumerate(headings, 1):
        _heading(sheet, place, heading)
    sheet.freeze_panes = "D2"
    for column, words in _CHOICES.items():
        choices = DataValidation(type="list", formula1=f'"{",".join(words)}"', allow_blank=True)
        sheet.add_data_validation(choices)
        letter = get_column_letter(headings.index(column) + 1)
        choices.add(f"{letter}2:{letter}{_ROWS}")
    _help(book)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _heading(sheet: Any, place: int, heading: str) -> None:
    column = columns.BY_NAME[columns.split(heading)[0]]
    cell = sheet.cell(row=1, column=place)
    cell.font = Font(bold=True)
    cell.comment = Comment(column.help, "Campbox")
    if column.required:
        cell.fill = PatternFill("solid", fgColor="FFE08A")
    sheet.column_dimensions[get_column_letter(place)].width = max(14, min(40, len(column.example) + 4))
    # As text: a spreadsheet turns 9:00 into a fraction of a day and a telephone number into a sum.
    for row in range(2, 202):
        sheet.cell(row=row, column=place).number_format = "@"


def _help(book: Any) -> None:
    sheet = book.create_sheet("Help")
    sheet.append(["Column", "What to write", "Example"])
    for column in columns.COLUMNS:
        sheet.append([f"{column.name} *" if column.required else column.name, column.help, column.example])
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width, sheet.column_dimensions["C"].width = 18, 90, 32
    for row in sheet.iter_rows():
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")


def read(untrusted: bytes, file: str) -> list[list[str]]:
    """The cells of the first sheet as texts. Raises BadInput for what is no workbook, or one that unpacks to too much."""
    _bounds(untrusted, file)
    try:
        book = openpyxl.load_workbook(io.BytesIO(untrusted), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        rows = []
        for number, row in enumerate(sheet.iter_rows(max_row=MOST_ROWS + 1, max_col=MOST_COLUMNS, values_only=True), 1):
            if number > MOST_ROWS:
                raise BadInput(f"more than {MOST_ROWS} rows", where=file, mend="split it")
            rows.append([_text(cell) for cell in row])
    except (InvalidFileException, ParseError, zipfile.BadZipFile, KeyError, IndexError, ValueError, TypeError, AttributeError,
            EOFError, NotImplementedError) as error:  # fmt: skip
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"not a workbook that can be read: {type(error).__name__}", where=file, mend="save it as XLSX") from error
    return rows


def _bounds(untrusted: bytes, file: str) -> None:
    if len(untrusted) > LARGEST:
        raise BadInput(f"larger than {LARGEST} bytes", where=file, mend="split it")
    try:
        with zipfile.ZipFile(io.BytesIO(untrusted)) as packed:
            parts = packed.infolist()
            if len(parts) > 1_000 or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
                raise BadInput("a workbook that unpacks to too much", where=file, mend="save it as CSV")
            for part in parts:
                with packed.open(part) as opened:
                    # Entity tricks need a document type, which no workbook has; the length is bounded whatever the index says.
                    if b"<!DOCTYPE" in opened.read(LARGEST_UNPACKED // 4)[:4_096]:
                        raise BadInput("a workbook with a document type", where=file, mend="save it as XLSX")
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput("not an XLSX workbook", where=file, mend="save it as XLSX") from error


def _text(cell: object) -> str:
    """Dates as ISO 8601, times as HH:MM, whole numbers without a point."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat() if cell.time() == datetime.time.min else cell.isoformat(timespec="minutes")
    if isinstance(cell, (datetime.date, datetime.time)):
        return cell.isoformat() if isinstance(cell, datetime.date) else f"{cell:%H:%M}"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()

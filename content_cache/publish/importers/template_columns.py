"""P THE table of columns that an NGO fills in, one row a service; the empty file, its help and its import come from it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from content_cache import needs, opportunities

EXAMPLE = "example"
"""A row whose key begins with it shows how to fill in the file; it is never imported."""
LIST = ";"
_TAGGED = re.compile(r"(?P<name>[^\[\]]+?)\s*\[(?P<tag>[A-Za-z]{2,3}(?:-[A-Za-z]{4})?(?:-[A-Za-z]{2}|-[0-9]{3})?)\]\Z")


@dataclass(frozen=True)
class Column:
    """``field`` of the HSDS service it fills ("": it becomes a record of its own); ``translated``: may stand again with a tag."""

    name: str
    help: str
    example: str = ""
    field: str = ""
    translated: bool = False
    required: bool = False


_NEEDS = ", ".join(need.slug for need in needs.NEEDS)
COLUMNS: Sequence[Column] = (
    Column("key", "Your own number or short name of this service. Keep it the same when you send the file again. Or the id of a "
           "service in the catalogue: then only what you fill in is changed.", "example-1", required=True),
    Column("organisation", "Who offers it.", "Almond Aid", required=True),
    Column("name", "What it is called, in few words.", "Night clinic", "name", True, True),
    Column("description", "What people get there, in short sentences.", "A doctor sees adults and children.", "description", True),
    Column("needs", f"What people come for, one or more, with ; between them: {_NEEDS}.", "health"),
    Column("status", "active, inactive, temporarily closed or defunct.", "active", "status"),
    Column("alert", "What everybody should know now, for example a closure.", "", "alert", True),
    Column("who", "For whom it is.", "Everyone in the camp", "eligibility_description", True),
    Column("how", "How to get it: walk in, by telephone, by referral.", "Walk in", "application_process", True),
    Column("papers", "Papers to bring, with ; between them. Write none where none are needed.", "Registration card"),
    Column("cost", "What it costs.", "Free", "fees_description", True),
    Column("phones", "Telephone numbers, with ; between them.", "+999 555 0100"),
    Column("email", "E-mail address of the service.", "", "email"),
    Column("website", "Web address of the service.", "", "url"),
    Column("languages", "Languages spoken there as codes, with ; between them: ar; fa-AF; fr.", "ar; en"),
    Column("hours", "For example: 9:00-16:00 (Sun-Thu), 10:00-14:00 (Sat). Day and night: 24/7.", "9:00-16:00 (Sun-Thu)"),
    Column("hours note", "Words on the hours, for example a break.", "", "", True),
    Column("valid from", "First day of these hours: 2026-01-31.", ""),
    Column("valid to", "Last day of these hours: 2026-12-31.", ""),
    Column("accessibility", "Ramp, wide door, sign language; with ; between them.", "Ramp"),
    Column("place", "Name of the building or the place.", "Clinic 4", "", True),
    Column("district", "District of the camp, number or name.", ""),
    Column("sector", "Sector of the camp, number or name.", "3"),
    Column("block", "Block or row, number or name.", "12"),
    Column("landmark", "What people know nearby.", "Behind the big water tower", "", True),
    Column("latitude", "In degrees with a point: 32.29315.", ""),
    Column("longitude", "In degrees with a point: 36.32786.", ""),
    Column("opportunity", f"Only for work, courses, homes and the like: {', '.join(opportunities.KINDS)}. People see it once "
           "the camp has vetted your organisation.", ""),
    Column("last day", "Of an opportunity: the last day on which people can have it, 2026-12-31.", ""),
    Column("skills", f"Of an opportunity: skills it asks for, with ; between them: {', '.join(opportunities.SKILLS)}.", ""),
    Column("speaks", "Of an opportunity: languages it asks for as codes, one of them is enough: ar; en.", ""),
    Column("voucher", "Write yes where it is a scheme of vouchers.", ""),
    Column("last checked", "The day on which somebody made sure of all this: 2026-11-20.", "2026-11-20", "assured_date"),
)  # fmt: skip
BY_NAME: Mapping[str, Column] = {column.name: column for column in COLUMNS}


def headings(tags: Sequence[str]) -> list[str]:
    """The first line; behind each text that people read, the same once for every other language."""
    found = list[str]()
    for column in COLUMNS:
        found.append(column.name)
        found += [f"{column.name} [{tag}]" for tag in tags if column.translated]
    return found


def split(heading: str) -> tuple[str, str]:
    """``Name [ar]`` -> ("name", "ar"); the tag is "" for the file's own language."""
    plain = " ".join(heading.split())
    found = _TAGGED.match(plain)
    name, tag = (found["name"], found["tag"]) if found else (plain, "")
    return name.lower().rstrip(" *"), tag


def example(tags: Sequence[str]) -> list[str]:
    """A row that shows how, in the order of the headings."""
    plain = {column.name: column.example for column in COLUMNS}
    return [plain.get(heading, "") for heading in headings(tags)]


def as_csv(tags: Sequence[str]) -> bytes:
    """The empty file with its example row; with the mark that spreadsheets need to see UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([headings(tags), example(tags)])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def matches(names: set[str]) -> bool:
    """Whether these are headings of such a file: the key, and more of its columns. A table of HSDS has "id"."""
    known = {split(name)[0] for name in names} & set(BY_NAME)
    return "key" in known and len(known) > 1 and "id" not in names

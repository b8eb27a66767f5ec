"""P What the hub tells the people of a camp at once, beside the catalogue: one small signed file, ``notices.json``.

It carries the camp notices, the emergency numbers of the hub where it names some, and the offers of a catalogue that a person has
released (see docs/adr/0131). Boxes read it with the same distrust as everything else from outside.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from appliance.emergency import Number
from appliance.errors import BadInput
from appliance.values import parse_phone

NAME = "notices.json"
"""The signed target."""
LARGEST = 65_536
"""Bytes."""
FORMAT = 1
PRIORITIES = ("urgent", "important", "info")
"""The first is shown first."""
MOST_NOTICES, MOST_NUMBERS, MOST_RELEASED = 5, 12, 50
"""A welcome page that is full of notices hides the button."""
LONGEST_TEXT, LONGEST_SOURCE = 300, 60
"""Characters."""
_ID = re.compile(r"[a-z0-9]{8,32}\Z")
_DATE = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z\Z")
_TAG = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?\Z")
_KIND = re.compile(r"[a-z][a-z-]{1,19}\Z")
_HASH = re.compile(r"[0-9a-f]{64}\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""And halves of surrogate pairs, which JSON may name and no page can write."""


@dataclass(frozen=True)
class Notice:
    """One notice. ``date`` and ``expires`` are UTC (``2026-11-22T08:00:00Z``); ``written`` is the language it was written in,
    one of ``texts`` (BCP 47 tag -> text)."""

    id: str
    source: str
    date: str
    expires: str
    priority: str
    written: str
    texts: Mapping[str, str]


@dataclass(frozen=True)
class Board:
    """The whole file."""

    notices: tuple[Notice, ...] = ()
    numbers: tuple[Number, ...] = ()
    released: tuple[str, ...] = ()


def write(board: Board) -> bytes:
    """The file's content. Raises BadInput for a board that no box would read."""
    told = {"format": FORMAT, **asdict(board)}
    content = f"{json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(',', ':'))}\n".encode()
    read(content)
    return content


def read(untrusted: bytes) -> Board:
    """Read the file whole. Raises BadInput."""
    if len(untrusted) > LARGEST:
        raise _bad("too large")
    try:
        told = json.loads(untrusted)
    except (ValueError, RecursionError) as error:
        raise _bad("not JSON") from error
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise _bad(f"not of format {FORMAT}")
    # What a newer hub adds is passed over: an old box goes on showing notices.
    notices = tuple(notice(one) for one in _listed(told, "notices", MOST_NOTICES))
    if len({one.id for one in notices}) < len(notices):
        raise _bad("two notices with one id")
    numbers = tuple(number(one) for one in _listed(told, "numbers", MOST_NUMBERS))
    released = tuple(_matching(one, _HASH, "a hash") for one in _listed(told, "released", MOST_RELEASED))
    return Board(notices, numbers, released)


def notice(untrusted: Any) -> Notice:
    """One notice, checked. Raises BadInput."""
    if not isinstance(untrusted, dict) or not isinstance(untrusted.get("texts"), dict):
        raise _bad("a notice is not an object with texts")
    texts = {_matching(tag, _TAG, "a language"): _text(text, LONGEST_TEXT, "text") for tag, text in untrusted["texts"].items()}
    if untrusted.get("priority") not in PRIORITIES:
        raise _bad(f"priority is not one of {', '.join(PRIORITIES)}")
    if untrusted.get("written") not in texts:
        raise _bad("the text in the language it was written in is missing")
    date, expires = (_matching(untrusted.get(name), _DATE, name) for name in ("date", "expires"))
    if expires <= date:
        raise _bad("a notice is over before it begins")
    source = _text(untrusted.get("source"), LONGEST_SOURCE, "source")
    return Notice(
        _matching(untrusted.get("id"), _ID, "id"), source, date, expires, untrusted["priority"], untrusted["written"], texts
    )


def number(untrusted: Any) -> Number:
    """One emergency number, checked. Raises BadInput."""
    if not isinstance(untrusted, dict):
        raise _bad("a number is not an object")
    return Number(_matching(untrusted.get("kind"), _KIND, "kind"), parse_phone(untrusted.get("number")))


def ordered(notices: Iterable[Notice]) -> list[Notice]:
    """The most urgent first, then the newest."""
    newest_first = sorted(notices, key=lambda one: (one.date, one.id), reverse=True)
    return sorted(newest_first, key=lambda one: PRIORITIES.index(one.priority))


def _listed(told: dict[str, Any], name: str, most: int) -> list[Any]:
    found = told.get(name, [])
    if not isinstance(found, list) or len(found) > most:
        raise _bad(f"{name} is not a list of at most {most}")
    return found


def _matching(untrusted: Any, pattern: re.Pattern[str], what: str) -> str:
    if not isinstance(untrusted, str) or not pattern.match(untrusted):
        raise _bad(f"{what} has not its form")
    return untrusted


def _text(untrusted: Any, longest: int, what: str) -> str:
    """Plain text of one line; no letter that turns the direction of what follows."""
    if not isinstance(untrusted, str) or not untrusted.strip() or len(untrusted) > longest or _CONTROL.search(untrusted):
        raise _bad(f"{what} is empty, too long or holds control characters")
    return untrusted


def _bad(what: str) -> BadInput:
    return BadInput(what, where=NAME, mend="publish it again")

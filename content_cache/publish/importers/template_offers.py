"""P The template's columns for work, courses, volunteering, homes, events and vouchers -> attributes of the service.

Whoever fills in the table never vets: that is the hub's word (content_cache/publish/vetting.py). A row that means an opportunity
and does not say it rightly is refused with its column, never published as a plain service: that would pass by the vetting.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from appliance.errors import BadInput
from content_cache.opportunities import KINDS, SKILLS

OPPORTUNITY, LAST_DAY, SKILLS_ASKED, SPEAKS, VOUCHER = "opportunity", "last day", "skills", "speaks", "voucher"
_DETAILS = (LAST_DAY, SKILLS_ASKED, SPEAKS)
_ALSO: Mapping[str, str] = {
    "vacancy": "job", "work": "job", "course": "training", "volunteer": "volunteering", "home": "housing", "house": "housing",
}  # fmt: skip
_YES, _NO = frozenset(["yes", "y", "true", "1", "نعم"]), frozenset(["no", "n", "false", "0", "لا"])
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?\Z")


@dataclass(frozen=True)
class Told:
    """Attributes as (link_type, label, value), and what a person should look at."""

    attributes: tuple[tuple[str, str, str], ...] = ()
    notes: tuple[str, ...] = ()


def read(cells: Mapping[str, str], lists: Mapping[str, Sequence[str]], *, partial: bool) -> Told:
    """``lists``: the cells of several values taken apart. Raises BadInput naming the column."""
    if partial and any(name in cells for name in (OPPORTUNITY, VOUCHER, *_DETAILS)):
        raise _bad(OPPORTUNITY, "a row that changes a service cannot change what it offers: send it under your own key")
    kind, notes = _kind(cells), list[str]()
    told = [("voucher", "Voucher", "Yes")] if _voucher(cells) else []
    if kind:
        told.append(("opportunity", "Opportunity", kind))
        told += [("last-day", "Last day", day) for day in _last_day(cells)]
        told += [("skill", "Skill", one) for one in _skills(lists.get(SKILLS_ASKED, ()), notes)]
        told += [("speaks", "Speaks", one) for one in _languages(lists.get(SPEAKS, ()))]
    if told:
        notes.append("an opportunity or voucher: boxes show it once the hub has vetted the organisation")
    return Told(tuple(told), tuple(notes))


def _kind(cells: Mapping[str, str]) -> str:
    written = cells.get(OPPORTUNITY, "").strip().lower()
    filled = [name for name in _DETAILS if name in cells]
    if not written and filled:
        raise _bad(OPPORTUNITY, f"empty, though {', '.join(filled)} is filled in: write {', '.join(KINDS)}")
    kind = _ALSO.get(written, written)
    if kind and kind not in KINDS:
        raise _bad(OPPORTUNITY, f"{written[:60]!r} is none of {', '.join(KINDS)}")
    return kind


def _voucher(cells: Mapping[str, str]) -> bool:
    written = cells.get(VOUCHER, "").strip().lower()
    if written and written not in _YES | _NO:
        raise _bad(VOUCHER, f"{written[:60]!r} is neither yes nor no")
    return written in _YES


def _last_day(cells: Mapping[str, str]) -> list[str]:
    written = cells.get(LAST_DAY, "").strip()
    try:
        return [datetime.date.fromisoformat(written).isoformat()] if written else []
    except ValueError as error:
        raise _bad(LAST_DAY, f"{written[:60]!r} is no date: write it as 2026-12-31") from error


def _skills(written: Sequence[str], notes: list[str]) -> list[str]:
    """A skill that is not in the table cannot be ticked by anybody: it is left out, and said."""
    named = {one: "-".join(one.lower().split()) for one in written}
    notes += [f"column {SKILLS_ASKED}: {one[:60]!r} is left out, it is none of {', '.join(SKILLS)}" for one in named
              if named[one] not in SKILLS]  # fmt: skip
    return [slug for slug in dict.fromkeys(named.values()) if slug in SKILLS]


def _languages(written: Sequence[str]) -> list[str]:
    """An offer that asks for a language nobody can tick would fit nobody."""
    wrong = next((one for one in written if not _LANGUAGE.match(one)), None)
    if wrong is not None:
        raise _bad(SPEAKS, f"{wrong[:60]!r} is no code of a language: write ar; fa-AF; fr")
    return list(dict.fromkeys(written))


def _bad(column: str, what: str) -> BadInput:
    return BadInput(f"column {column}: {what}", mend="mend that cell and send the table again")

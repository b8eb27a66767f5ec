"""P Which camp notices and emergency numbers a reader sees now, out of what the catalogue's process has verified and told."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from appliance.emergency import KINDS, Number
from appliance.errors import BadInput
from appliance.moment import Moment
from appliance.values import is_fictional, parse_phone
from appliance.web.languages import BY_TAG, Language

PRIORITIES = ("urgent", "important", "info")


@dataclass(frozen=True)
class Shown:
    """One notice as one reader sees it. ``foreign``: in another language than the page's, ``own_name``; ``doubtful``: the box
    does not know the time well enough to say that it still holds."""

    text: str
    tag: str
    direction: str
    own_name: str
    foreign: bool
    priority: str
    source: str
    date: datetime.datetime
    until: datetime.datetime
    doubtful: bool


def shown(told: Mapping[str, Any], language: Language, moment: Moment) -> list[Shown]:
    """The notices that hold, the most urgent first. What has not the form that was told is passed over.

    By a clock that is right an expired one is gone; by another it stays, marked: a wrong clock must not hide a warning.
    """
    sure = moment.trust == "synced"
    found = [one for untrusted in _listed(told, "notices") if (one := _read(untrusted, language, sure)) is not None]
    holding = [one for one in found if not sure or one.until.timestamp() > moment.wall]
    newest_first = sorted(holding, key=lambda one: one.date, reverse=True)
    return sorted(newest_first, key=lambda one: PRIORITIES.index(one.priority))


def numbers(told: Mapping[str, Any], of_site: Sequence[Number], *, sample: bool) -> list[Number]:
    """The hub's numbers where it names some, else the site file's, in the order of the table. An invented one is for a sample."""
    named = [one for untrusted in _listed(told, "numbers") if (one := _number(untrusted)) is not None]
    wanted = [one for one in (named or of_site) if one.kind in KINDS and (sample or not is_fictional(one.number))]
    return sorted(wanted, key=lambda one: list(KINDS).index(one.kind))


def _read(untrusted: Any, language: Language, sure: bool) -> Shown | None:
    try:
        texts = {str(tag): _written(text) for tag, text in untrusted["texts"].items()}
        tag = nearest(language, texts, str(untrusted["written"]))
        known = BY_TAG.get(tag)
        date, until = (datetime.datetime.fromisoformat(untrusted[name]) for name in ("date", "expires"))
        return Shown(
            texts[tag], tag, known.direction if known else "auto", known.own_name if known else tag, tag != language.tag,
            PRIORITIES[PRIORITIES.index(untrusted["priority"])], _written(untrusted["source"]), _utc(date), _utc(until), not sure,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _written(untrusted: Any) -> str:
    """As a text that a page can be written with; halves of letters, as JSON may name them, cannot."""
    return str(untrusted).encode("utf-8", "replace").decode()


def nearest(language: Language, texts: Mapping[str, str], written: str) -> str:
    """The tag of the text a reader understands best: the own language, its neighbours, what it was written in."""
    return next((tag for tag in (language.tag, *language.near, *language.understood, written) if tag in texts), written)


def _utc(moment: datetime.datetime) -> datetime.datetime:
    """Raises ValueError for a moment that has no day in some zone: the page of everybody would end over it."""
    if not datetime.MINYEAR < moment.year < datetime.MAXYEAR:
        raise ValueError("no day that can be written")
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


def _number(untrusted: Any) -> Number | None:
    try:
        return Number(str(untrusted["kind"]), parse_phone(untrusted["number"]))
    except (KeyError, TypeError, BadInput):
        return None


def _listed(told: Mapping[str, Any], name: str) -> list[Any]:
    found = told.get(name)
    return found if isinstance(found, list) else []

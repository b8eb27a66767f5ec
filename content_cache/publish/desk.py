"""P The hub's desk: what one person proposes and a second one approves, and what of it stands now.

Four kinds of things pass over it: a camp notice, the list of emergency numbers, the correction of one service, and the vetting of
an organisation. Taking something back needs one person alone: that must be quick. So does the release of a catalogue that boxes
hold back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, astuple, dataclass, replace
from typing import Any, Literal, get_args

from appliance.errors import BadInput, Refused
from content_cache import notices
from content_cache.notices import Board

Kind = Literal["notice", "numbers", "correction", "vetting"]
State = Literal["waiting", "live", "ended"]
MOST_ENDED = 200
"""Things of the past that are remembered, so that people can see who did what."""
MOST_WAITING = 50

_FORM: dict[Kind, dict[str, type]] = {
    "notice": {"expires": str, "texts": dict, "written": str, "priority": str, "source": str}, "numbers": {"numbers": list},
    "correction": {"service": str, "name": str, "status": str, "alerts": dict}, "vetting": {"organisation": str, "day": str},
}  # fmt: skip
"""What a thing of each kind must hold, and of which type."""


@dataclass(frozen=True)
class Item:
    """One thing on the desk. ``content`` is a notice, {"numbers": [...]}, a correction or a vetting, as JSON. Times are UTC."""

    id: str
    kind: Kind
    content: dict[str, Any]
    by: str
    at: str
    state: State = "waiting"
    approved_by: str = ""
    approved_at: str = ""
    ended_by: str = ""
    ended_at: str = ""


@dataclass(frozen=True)
class Release:
    """An offer of a catalogue, by hash, that a person has looked at: boxes may take it though much of theirs would be gone."""

    hash: str
    by: str
    at: str


@dataclass(frozen=True)
class Desk:
    """Everything on it, oldest first."""

    items: tuple[Item, ...] = ()
    released: tuple[Release, ...] = ()

    def find(self, id: str) -> Item:
        """The thing of this id. Raises BadInput."""
        for item in self.items:
            if item.id == id:
                return item
        raise BadInput("there is nothing of this name on the desk", mend="look at the page again")

    def of(self, kind: Kind, *states: State) -> list[Item]:
        """Things of one kind, newest first; in any state when none is named."""
        return [item for item in reversed(self.items) if item.kind == kind and (not states or item.state in states)]


def propose(desk: Desk, item: Item) -> Desk:
    """Put a new thing on the desk. Raises Refused when too many wait."""
    if sum(one.state == "waiting" for one in desk.items) >= MOST_WAITING:
        raise Refused(f"{MOST_WAITING} things wait for a second person already", mend="approve or take back some of them")
    return replace(desk, items=(*desk.items, item))


def approve(desk: Desk, id: str, user: str, now: str) -> Desk:
    """A second person says yes. Raises Refused for the same person, for what does not wait, and for one notice too many."""
    item = desk.find(id)
    if item.state != "waiting":
        raise Refused("it does not wait for anybody", mend="look at the page again")
    if item.by == user:
        raise Refused("who wrote it cannot approve it", mend="ask another person who works at this hub")
    if item.kind == "notice":
        _check_notice(desk, item, now)
    approved = replace(item, state="live", approved_by=user, approved_at=now)
    items = (_replaced(one, approved, user, now) for one in desk.items)
    return _tidied(replace(desk, items=tuple(approved if one.id == id else one for one in items)))


def _check_notice(desk: Desk, item: Item, now: str) -> None:
    if item.content["expires"] <= now:
        raise Refused("it is over already", mend="write it anew with a later end")
    if len(standing(desk, now)) >= notices.MOST_NOTICES:
        raise Refused(f"{notices.MOST_NOTICES} notices stand already: more hide the page", mend="take one back first")


def _replaced(one: Item, approved: Item, user: str, now: str) -> Item:
    """The list of numbers is one thing, and so is what is said of one service or organisation: the newest stands."""
    if one.state != "live" or one.kind != approved.kind or one.kind == "notice":
        return one
    if any(one.content.get(of) != approved.content.get(of) for of in ("service", "organisation")):
        return one
    return replace(one, state="ended", ended_by=user, ended_at=now)


def end(desk: Desk, id: str, user: str, now: str) -> Desk:
    """Take something back, whether it waits or stands. Raises Refused when it has ended."""
    item = desk.find(id)
    if item.state == "ended":
        raise Refused("it has been taken back already", mend="look at the page again")
    ended = replace(item, state="ended", ended_by=user, ended_at=now)
    return _tidied(replace(desk, items=tuple(ended if one.id == id else one for one in desk.items)))


def release(desk: Desk, hash: str, user: str, now: str) -> Desk:
    """A person has looked at an offer that boxes hold back. The newest releases are kept."""
    if any(one.hash == hash for one in desk.released):
        return desk
    return replace(desk, released=(*desk.released, Release(hash, user, now))[-notices.MOST_RELEASED :])


def standing(desk: Desk, now: str) -> list[Item]:
    """Notices that hold now: approved, not taken back, not over."""
    return [item for item in desk.of("notice", "live") if item.content["expires"] > now]


def board(desk: Desk, now: str) -> Board:
    """What boxes are told. Raises BadInput for a thing that no box would read."""
    found = notices.ordered(notices.notice(item.content) for item in standing(desk, now))
    numbers = [notices.number(one) for item in desk.of("numbers", "live") for one in item.content["numbers"]]
    return Board(tuple(found), tuple(numbers), tuple(one.hash for one in desk.released))


def to_json(desk: Desk) -> dict[str, Any]:
    """As it is kept."""
    return {"items": [asdict(one) for one in desk.items], "released": [asdict(one) for one in desk.released]}


def from_json(kept: Any) -> Desk:
    """As it was kept. Raises BadInput when somebody else has written it."""
    try:
        items = tuple(Item(**one) for one in kept["items"])
        released = tuple(Release(**one) for one in kept["released"])
    except (KeyError, TypeError) as error:
        raise BadInput("the desk's file has not its form", mend="restore it from the backup") from error
    if any(one.kind not in get_args(Kind) or one.state not in get_args(State) for one in items):
        raise BadInput("the desk's file names an unknown kind or state", mend="restore it from the backup")
    if not all(_is_whole(one) for one in items) or not all(isinstance(text, str) for one in released for text in astuple(one)):
        raise BadInput("something in the desk's file has not its form", mend="restore it from the backup")
    return Desk(items, released)


def _is_whole(item: Item) -> bool:
    """Whether it has what every page asks of it: a page must not stop half way."""
    told = (item.id, item.by, item.at, item.approved_by, item.approved_at, item.ended_by, item.ended_at)
    if not all(isinstance(text, str) for text in told) or not isinstance(item.content, dict):
        return False
    if not all(isinstance(item.content.get(name), of) for name, of in _FORM[item.kind].items()):
        return False
    numbers = item.content["numbers"] if item.kind == "numbers" else ()
    return all(isinstance(one, dict) and {"kind", "number"} <= one.keys() for one in numbers)


def _tidied(desk: Desk) -> Desk:
    return replace(desk, items=tuple(_without_old(desk.items)))


def _without_old(items: Iterable[Item]) -> list[Item]:
    kept = list(items)
    ended = [one for one in kept if one.state == "ended"]
    forgotten = {one.id for one in ended[: max(0, len(ended) - MOST_ENDED)]}
    return [one for one in kept if one.id not in forgotten]

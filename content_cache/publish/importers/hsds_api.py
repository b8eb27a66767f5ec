"""W Importing from an HSDS 3.x API: what changed since the last time, then a sweep over all ids, for no API says what is gone.

A hostile or broken API cannot make it endless, and cannot delete: a sweep that contradicts itself removes nothing.
"""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from appliance.errors import BadInput, Unreachable
from content_cache.publish.importers import hsds_finish
from content_cache.publish.importers.hsds_nested import Walker
from content_cache.publish.importers.hsds_rows import Row, gather
from content_cache.publish.importers.report import Entry, Imported, Report

PER_PAGE = 100
MOST_PAGES, MOST_SERVICES = 2_000, 50_000
MOST_BYTES = 500_000_000
BARREN_PAGES = 2
"""Pages in a row without one new id: it goes in circles."""


class Door(Protocol):
    """Fetches one address below the API's; raises Unreachable, and BadInput for an answer larger than its bound."""

    def get(self, path: str, arguments: Mapping[str, str]) -> bytes:
        """The body of a successful answer."""


@dataclass
class State:
    """What is remembered between two imports: the documents by id, and the newest ``last_modified`` among them."""

    documents: dict[str, Any] = field(default_factory=dict)
    since: str = ""

    @classmethod
    def read(cls, untrusted: Any) -> State:
        """From a file of our own; anything else is a beginning from nothing."""
        documents = untrusted.get("documents") if isinstance(untrusted, dict) else None
        if not isinstance(documents, dict):
            return cls()
        return cls(documents, str(untrusted.get("since", "")))

    def as_json(self) -> dict[str, Any]:
        """For that file."""
        return {"documents": self.documents, "since": self.since}


@dataclass
class _Listing:
    """A walk over pages: the items by id, in order, and everything that was strange about them."""

    items: dict[str, Any] = field(default_factory=dict)
    repeated: list[str] = field(default_factory=list)
    nameless: int = 0
    notes: list[str] = field(default_factory=list)
    total: int | None = None
    ended: bool = False

    @property
    def whole(self) -> bool:
        """Whether it came to its end and is what it claims: only then does absence mean that something is gone."""
        return self.ended and not self.nameless and (self.total is None or self.total == len(self.items))


class _Api:
    def __init__(self, door: Door) -> None:
        self.door, self.left = door, MOST_BYTES

    def json(self, path: str, arguments: Mapping[str, str]) -> Any:
        body = self.door.get(path, arguments)
        self.left -= len(body)
        if self.left < 0:
            raise BadInput(f"more than {MOST_BYTES} bytes in all", where=path, mend="import it in parts")
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise Unreachable("an answer that is not JSON", where=path, mend="name the address of an HSDS API") from error

    def listing(self, path: str, arguments: Mapping[str, str]) -> _Listing:
        found, barren = _Listing(), 0
        for page in range(1, MOST_PAGES + 1):
            untrusted = self.json(path, {**arguments, "page": str(page), "per_page": str(PER_PAGE)})
            before = len(found.items)
            if not _take(found, untrusted, path):
                found.ended = True
                break
            barren = barren + 1 if len(found.items) == before else 0
            if barren >= BARREN_PAGES or len(found.items) > MOST_SERVICES:
                found.notes.append(f"endless pages: stopped after page {page}")
                break
        else:
            found.notes.append(f"endless pages: stopped after page {MOST_PAGES}")
        if found.total is not None and found.total != len(found.items):
            found.notes.append(f"a total that is not so: {found.total} announced, {len(found.items)} found")
        return found


def _take(found: _Listing, untrusted: Any, path: str) -> bool:
    """Add one page. False when it was the last."""
    contents = untrusted.get("contents") if isinstance(untrusted, dict) else None
    if not isinstance(contents, list):
        raise Unreachable("an answer that is no page of HSDS", where=path, mend="name the address of an HSDS API")
    total = untrusted.get("total_items")
    found.total = total if isinstance(total, int) and not isinstance(total, bool) else found.total
    for item in contents:
        id = str(item.get("id") or "").strip() if isinstance(item, dict) else ""
        if not id:
            found.nameless += 1
        elif id in found.items:
            found.repeated.append(id)
        else:
            found.items[id] = item
    pages = untrusted.get("total_pages")
    number = untrusted.get("page_number")
    ended = untrusted.get("last_page") is True or (isinstance(pages, int) and isinstance(number, int) and number >= pages)
    # Some say "last page" too early: while the announced total is not there, the next page is asked for.
    more_promised = found.total is not None and len(found.items) < found.total
    return bool(contents) and (not ended or more_promised)


def fetch(door: Door, state: State) -> tuple[State, list[Entry], dict[str, int]]:
    """Bring the state up to date. Returns it with entries and counts of what the lists themselves held amiss."""
    api = _Api(door)
    swept = api.listing("services", {})
    changed = _changed(api, state, swept)
    documents, entries = dict[str, Any](), list[Entry]()
    for id, item in swept.items.items():
        if id in state.documents and id not in changed:
            documents[id] = state.documents[id]
        else:
            documents[id] = _detail(api, id, item, entries)
    gone = [id for id in state.documents if id not in swept.items]
    for id in gone:
        if not swept.whole:
            documents[id] = state.documents[id]
    _tell(swept, gone, entries)
    since = max([str(item.get("last_modified") or "") for item in swept.items.values()] + [state.since])
    numbered = [Entry("list", number, *_rest(entry)) for number, entry in enumerate(entries, 1)]
    return State(documents, since), numbered, {"list": len(numbered)}


def _rest(entry: Entry) -> tuple[Any, ...]:
    return (entry.key, entry.outcome, entry.became, entry.why, entry.notes)


def _changed(api: _Api, state: State, swept: _Listing) -> set[str]:
    """What the API says it changed, and whatever the sweep shows to be different: ``modified_after`` is not believed alone."""
    said = set[str]()
    if state.documents and state.since:
        said = set(api.listing("services", {"modified_after": state.since}).items)
    for id, item in swept.items.items():
        old = state.documents.get(id)
        if isinstance(old, dict) and any(_plain(v) and old.get(n) != v for n, v in item.items()):
            said.add(id)
    return said


def _plain(value: Any) -> bool:
    return value is not None and not isinstance(value, (list, dict))


def _detail(api: _Api, id: str, item: Any, entries: list[Entry]) -> Any:
    try:
        found = api.json(f"services/{urllib.parse.quote(id, safe='')}", {})
        if isinstance(found, dict) and str(found.get("id")) == id:
            return found
        why = "its own page shows another service"
    except Unreachable as error:
        why = f"its own page does not answer ({error.what})"
    entries.append(Entry("list", 0, f"service {id[:60]}", "mended", None, (f"only what the list says of it: {why}",)))
    return item


def _tell(swept: _Listing, gone: list[str], entries: list[Entry]) -> None:
    entries += [
        Entry("list", 0, f"service {id[:60]}", "merged", None, ("repeated in the list: the same id on another page",))
        for id in swept.repeated
    ]
    entries += [Entry("list", 0, "", "refused", None, ("refused: an item of the list without an id",))] * swept.nameless
    for id in gone:
        said = "gone at the source: removed here" if swept.whole else "not in the list, but the list contradicts itself: it stays"
        entries.append(Entry("list", 0, f"service {id[:60]}", "refused" if swept.whole else "kept", None, (said,)))
    entries += [Entry("list", 0, "", "kept", None, (), (note,)) for note in swept.notes]


def import_api(door: Door, state: State, *, source: str, language: str = "en") -> tuple[Imported, State]:
    """Everything the API holds now, and the state to keep for the next time. Raises Unreachable, and nothing is changed."""
    new, entries, counts = fetch(door, state)
    walker, rows = Walker("services"), list[Row]()
    for document in new.documents.values():
        rows += walker.rows(document, "service")
    made = gather(rows, source)
    made.entries += entries
    report = Report({"services": walker.count, **counts}, ())
    return hsds_finish.finish(made, report, source=source, language=language), new

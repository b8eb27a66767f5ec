"""W Importing from an HSDS 3.x API: what changed since the last time, then a sweep over all ids, for no API says what is gone.

A hostile or broken API cannot make it endless, and cannot delete: a sweep that contradicts itself removes nothing. After the
services come its other lists: an organisation without a service is kept as well (hsds_api_others.py).
"""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass, field
from typing import Any

from appliance.errors import Unreachable
from content_cache.publish.importers import hsds_api_others, hsds_finish
from content_cache.publish.importers.hsds_api_others import Others
from content_cache.publish.importers.hsds_api_pages import Api, Door, Listing
from content_cache.publish.importers.hsds_nested import Walker
from content_cache.publish.importers.hsds_rows import Row, gather
from content_cache.publish.importers.report import Entry, Imported, Report


@dataclass
class State:
    """What is remembered between two imports: the services by id, the newest ``last_modified`` among them, and the other lists."""

    documents: dict[str, Any] = field(default_factory=dict)
    since: str = ""
    others: Others = field(default_factory=dict)

    @classmethod
    def read(cls, untrusted: Any) -> State:
        """From a file of our own; anything else is a beginning from nothing."""
        documents = untrusted.get("documents") if isinstance(untrusted, dict) else None
        if not isinstance(documents, dict):
            return cls()
        return cls(documents, str(untrusted.get("since", "")), hsds_api_others.remembered(untrusted.get("others")))

    def as_json(self) -> dict[str, Any]:
        """For that file."""
        return {"documents": self.documents, "since": self.since, "others": self.others}


def fetch(api: Api, state: State) -> tuple[State, list[Entry], dict[str, int]]:
    """Bring the services up to date. Returns them with entries and counts of what their list itself held amiss."""
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
    return State(documents, since, state.others), numbered, {"list": len(numbered)}


def _rest(entry: Entry) -> tuple[Any, ...]:
    return (entry.key, entry.outcome, entry.became, entry.why, entry.notes)


def _changed(api: Api, state: State, swept: Listing) -> set[str]:
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


def _detail(api: Api, id: str, item: Any, entries: list[Entry]) -> Any:
    try:
        found = api.json(f"services/{urllib.parse.quote(id, safe='')}", {})
        if isinstance(found, dict) and str(found.get("id")) == id:
            return found
        why = "its own page shows another service"
    except Unreachable as error:
        why = f"its own page does not answer ({error.what})"
    entries.append(Entry("list", 0, f"service {id[:60]}", "mended", None, (f"only what the list says of it: {why}",)))
    return item


def _tell(swept: Listing, gone: list[str], entries: list[Entry]) -> None:
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
    api = Api(door)
    new, entries, counts = fetch(api, state)
    walker, rows = Walker("services"), list[Row]()
    for document in new.documents.values():
        rows += walker.rows(document, "service")
    others = hsds_api_others.fetch(api, state.others, {(row.entity, str(row.values.get("id"))) for row in rows})
    made = gather([*rows, *others.rows], source)
    made.entries += [*entries, *others.entries]
    report = Report({"services": walker.count, **counts, **others.counts}, ())
    known = State(new.documents, new.since, others.documents)
    return hsds_finish.finish(made, report, source=source, language=language), known

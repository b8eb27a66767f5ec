"""W The pages of an HSDS 3.x API through a door: no list is endless, and whatever is strange about one is written down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from appliance.errors import BadInput, Unreachable

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
class Listing:
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


class Api:
    """One API behind its door, within the bounds of one import."""

    def __init__(self, door: Door) -> None:
        self.door, self.left = door, MOST_BYTES

    def json(self, path: str, arguments: Mapping[str, str]) -> Any:
        """One answer. Raises Unreachable, or BadInput when all of them are too large."""
        body = self.door.get(path, arguments)
        self.left -= len(body)
        if self.left < 0:
            raise BadInput(f"more than {MOST_BYTES} bytes in all", where=path, mend="import it in parts")
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise Unreachable("an answer that is not JSON", where=path, mend="name the address of an HSDS API") from error

    def listing(self, path: str, arguments: Mapping[str, str]) -> Listing:
        """All pages of a list. Raises Unreachable where there is none."""
        found, barren = Listing(), 0
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


def _take(found: Listing, untrusted: Any, path: str) -> bool:
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

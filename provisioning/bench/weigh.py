"""P What a page makes a phone fetch and build: linked resources and DOM nodes, read from its HTML."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser

_LINKS = {"img": "src", "script": "src", "iframe": "src", "audio": "src", "source": "src"}
_LOADED_RELATIONS = {"stylesheet", "icon", "preload", "manifest"}


@dataclass(frozen=True)
class Page:
    """``resources`` are the addresses fetched besides the page itself; ``nodes`` its elements and ``scripts`` among them."""

    resources: tuple[str, ...]
    nodes: int
    scripts: int


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.resources: list[str] = []
        self.nodes = self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.nodes += 1
        self.scripts += tag == "script"
        values = dict(attrs)
        link = values.get(_LINKS.get(tag, ""))
        if tag == "link" and _LOADED_RELATIONS & set((values.get("rel") or "").split()):
            link = values.get("href")
        if link and not link.startswith("data:") and link not in self.resources:
            self.resources.append(link)


def weigh(html: str) -> Page:
    """Read a page."""
    reader = _Reader()
    reader.feed(html)
    return Page(tuple(reader.resources), reader.nodes, reader.scripts)

"""P What a phone's browser makes of a page: its language, its forms, its links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass(frozen=True)
class Reply:
    """An HTTP answer and how long it took (``seconds``, from connecting to the last byte). Header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.body.decode("utf-8", "replace")

    @property
    def location(self) -> str:
        """Where a redirect leads, or nothing."""
        return self.headers.get("location", "")


@dataclass(frozen=True)
class Form:
    """A form: where it goes, its hidden and preset values, and the names of what a person may type."""

    action: str
    method: str
    values: Mapping[str, str]
    typed: tuple[str, ...]


@dataclass
class Page:
    """What matters of a page here."""

    language: str = ""
    direction: str = ""
    title: str = ""
    forms: list[Form] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    scripts: int = 0

    def posting(self, ending: str) -> Form | None:
        """The first form that posts to an address with this ending."""
        return next((f for f in self.forms if f.method == "post" and f.action.split("?")[0].endswith(ending)), None)

    def searching(self) -> Form | None:
        """The first form one can type a search into."""
        return next((f for f in self.forms if f.method == "get" and f.typed), None)


def read_page(html: str) -> Page:
    """Read a page; nothing in it can make this fail."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.end_form()
    return reader.page


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page, self.in_title = Page(), False
        self.form: tuple[str, str] | None = None
        self.values: dict[str, str] = {}
        self.typed: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        got = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.page.language, self.page.direction = got.get("lang", ""), got.get("dir", "")
        elif tag == "title":
            self.in_title = True
        elif tag == "script":
            self.page.scripts += 1
        elif tag == "a" and got.get("href"):
            self.page.links.append(got["href"])
        elif tag == "form":
            self.end_form()
            self.form = (got.get("action", ""), got.get("method", "get").lower())
        elif tag == "input" and self.form is not None and got.get("name"):
            if got.get("type", "text") in ("text", "search"):
                self.typed.append(got["name"])
            elif got.get("type") == "hidden":
                self.values[got["name"]] = got.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.end_form()
        elif tag == "title":
            self.in_title = False

    def handle_data(self, data: str) -> None:
        if self.in_title:
            self.page.title += data

    def end_form(self) -> None:
        if self.form is not None:
            self.page.forms.append(Form(*self.form, values=dict(self.values), typed=tuple(self.typed)))
        self.form, self.values, self.typed = None, {}, []

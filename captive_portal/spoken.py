"""P What is read aloud of a page: the words of every element marked ``data-aloud``, a sentence each."""

from __future__ import annotations

from html.parser import HTMLParser

_ENDS = {"h1", "h2", "p", "li", "button", "strong", "small", "span", "dt", "dd"}
"""Elements after which a voice pauses."""
_STOPS = ".?!:։።؟۔…"


def words_of(page: str) -> str:
    """The text for a voice, one sentence a line."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    lines = (" ".join("".join(part).split()) for part in reader.parts)
    return "\n".join(line if line[-1] in _STOPS else f"{line}." for line in lines if line)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[list[str]] = [[]]
        self._marked = ""
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._marked:
            self._depth += tag == self._marked
        elif "data-aloud" in dict(attrs):
            self._marked, self._depth = tag, 1
            self.parts.append([])

    def handle_endtag(self, tag: str) -> None:
        if not self._marked:
            return
        if tag in _ENDS:
            self.parts.append([])
        self._depth -= tag == self._marked
        if self._depth == 0:
            self._marked = ""

    def handle_data(self, data: str) -> None:
        if self._marked:
            self.parts[-1].append(data)

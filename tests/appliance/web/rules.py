"""Every address an application answers to, from its own table: a page that is added is looked at without being named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import flask

HELP = re.compile(r'<a class="(?:tab tab-emergency|row)" href="(/(?:[\w-]+/)?emergency)"')
"""The way to help, as every page has it: in the tabs, or in the rows of a page without them."""
CONTROL = re.compile(r'<(?P<kind>button|a) class="(?:button|chip|tile|row|back|tab)[ "].*?</(?P=kind)>', re.DOTALL)
"""What people tap."""


def pages(app: flask.Flask, tag: str, values: Mapping[str, Sequence[str]], machines: Mapping[str, str]) -> Iterator[str]:
    """Each address below GET, in one language; an argument takes each of its ``values`` ("rule argument", else "argument").

    ``machines`` are the rules that give no page, with what they are for. Raises KeyError for an argument without values.
    """
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.rule in machines:
            continue
        names = [name for name in rule.arguments if name != "lang"]
        assert len(names) <= 1, f"{rule.rule}: say what all its arguments may be"
        for name in names or [""]:
            choices = [""] if not name else values[f"{rule.rule} {name}"] if f"{rule.rule} {name}" in values else values[name]
            for value in choices:
                yield re.sub(r"<[^>]*>", value, rule.rule.replace("<lang>", tag))


def without_icon_or_word(page: str) -> list[str]:
    """What can be tapped on a page and has no icon, or no word to see."""
    found = [match[0] for match in CONTROL.finditer(page)]
    return [one[:90] for one in found if "<svg" not in one or not re.sub(r"<[^>]+>|\s", "", one)]

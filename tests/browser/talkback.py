"""What a screen reader makes of a page: Chromium's accessibility tree, which Android's TalkBack reads, and the order of the page.

TalkBack goes through a page in the order of its elements and says the name and the role of each; whoever also sees a little must
find them in the same order on the screen.
"""

from __future__ import annotations

from typing import Any

from tests.browser.chromium import Browser

NAMED = frozenset(
    {"link", "button", "textbox", "searchbox", "checkbox", "radio", "combobox", "image", "graphics-document", "navigation", "Audio"}
)
"""Roles that say nothing without a name."""
_LEAPS = """
const start = document.dir == 'rtl' ? -1 : 1, seen = [];
for (const element of document.querySelectorAll('h1, h2, h3, a, button, input, select, summary, audio')) {
  const box = element.getBoundingClientRect();
  if (box.width < 2 || box.height < 2 || element.closest('.skip, svg, details:not([open]) > :not(summary)')) continue;
  seen.push([element, box]);
}
const leaps = [], words = element => element.textContent.trim().slice(0, 30);
for (let n = 1; n < seen.length; n++) {
  const [one, before] = seen[n - 1], [other, after] = seen[n];
  const below = after.top >= before.bottom - 8;
  const beside = start * (after.left + after.right - before.left - before.right) > 0 && after.bottom > before.top;
  if (!below && !beside && !one.contains(other)) leaps.push(words(one) + ' -> ' + words(other));
}
return leaps;
"""


def faults(browser: Browser) -> list[str]:
    """What would confuse whoever hears this page; one line a fault."""
    nodes = [node for node in browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"] if not node.get("ignored")]
    nameless = [f"a {role} without a name" for role, name in map(_role_and_name, nodes) if role in NAMED and not name]
    return [*nameless, *_landmarks(nodes), *(f"leaps: {leap}" for leap in browser.ask(_LEAPS))]


def _role_and_name(node: dict[str, Any]) -> tuple[str, str]:
    return str(node.get("role", {}).get("value", "")), str(node.get("name", {}).get("value", "")).strip()


def _landmarks(nodes: list[dict[str, Any]]) -> list[str]:
    """One main part and one heading of the first level on every page, and no heading that skips a level."""
    roles = [_role_and_name(node)[0] for node in nodes]
    levels = [_level(node) for node in nodes if _role_and_name(node)[0] == "heading"]
    found = [] if roles.count("main") == 1 else [f"{roles.count('main')} main parts"]
    found += [] if levels.count(1) == 1 else [f"{levels.count(1)} headings of the first level"]
    return found + [
        f"a heading of level {after} after level {before}"
        for before, after in zip(levels, levels[1:], strict=False)
        if after > before + 1
    ]


def _level(node: dict[str, Any]) -> int:
    return next((int(one["value"]["value"]) for one in node.get("properties", []) if one["name"] == "level"), 0)

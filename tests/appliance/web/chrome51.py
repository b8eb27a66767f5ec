"""P What Chrome 51, the WebView that Android 7 came with, knows of CSS; and what of a style sheet it would not understand.

Sources: the compatibility tables of MDN Web Docs. Only what our sheets use is named as known: a property that is new to them
fails until somebody has looked it up, wrote it down here, or set a fallback before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_KNOWN = """
    align-items background border border-bottom border-bottom-color border-color border-left border-radius border-right border-top
    bottom box-shadow box-sizing clear color content counter-increment counter-reset cursor display fill flex flex-direction
    flex-wrap float font font-size font-style font-weight height justify-content left letter-spacing line-height list-style margin
    margin-bottom margin-left margin-right margin-top max-height max-width min-height min-width object-fit opacity order outline
    outline-offset overflow overflow-wrap overflow-x overflow-y padding padding-bottom padding-left padding-right padding-top
    page-break-after page-break-inside position right stroke stroke-width table-layout text-align text-decoration text-indent
    text-overflow top transform vertical-align visibility white-space width word-break word-wrap z-index
    -webkit-appearance -webkit-text-size-adjust
"""
KNOWN = frozenset(_KNOWN.split())
PHYSICAL = {
    "margin-inline": "margin", "margin-inline-start": "margin", "margin-inline-end": "margin", "padding-inline": "padding",
    "padding-inline-start": "padding", "padding-inline-end": "padding", "inset": "top",
    "inline-size": "width", "block-size": "height",
    "appearance": "-webkit-appearance", "text-size-adjust": "-webkit-text-size-adjust",
}  # fmt: skip
"""Later properties that may stand behind an older one in the same rule: the older one (or a longer name of it) does their work."""
COSMETIC = {"text-underline-offset": "an underline nearer to its letters"}
"""Later properties without fallback, and what is lost where they are not known."""
_SELECTOR = re.compile(r":(?:is|where|has|dir|any-link|focus-visible|focus-within)\b|::marker|:not\([^)]*,|\[[^\]]* [is]\]")
_VALUE = re.compile(
    r"\b(?:grid|inline-grid|sticky|flow-root|space-evenly|subgrid|revert|clip)\b|\b(?:min|max|clamp|env|color-mix|oklch|lab)\("
    r"|#(?:[0-9a-f]{8}|[0-9a-f]{4})\b|\d(?:[dsl]v[hw]|r?lh|cq[wh])\b",
    re.IGNORECASE,
)
_AT = re.compile(r"@(?:layer|container|property|font-face|import|supports|scope|starting-style)\b|@media[^{]*[<>]")
_VALUE_NAMES = ("content", "font")  # free text: not searched for key words


@dataclass(frozen=True)
class Rule:
    """One rule: its selector, and its declarations in their order."""

    selector: str
    declarations: tuple[tuple[str, str], ...]


def rules(sheet: str) -> Iterator[Rule]:
    """Every rule of a sheet, those inside ``@media`` included."""
    text = re.sub(r"/\*.*?\*/", " ", sheet, flags=re.DOTALL)
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", text):
        parts = (part.partition(":") for part in _declarations(body))
        yield Rule(" ".join(selector.split()), tuple((name.strip().lower(), value.strip()) for name, _, value in parts))


def _declarations(body: str) -> list[str]:
    quoted = re.sub(r"\"[^\"]*\"|'[^']*'|\([^)]*\)", lambda found: found[0].replace(";", " "), body)
    return [part for part in quoted.split(";") if part.strip()]


def not_understood(sheet: str) -> list[str]:
    """What Chrome 51 would pass over and that has nothing older before it: one line each, empty when all is well."""
    found = [f"{at}: not known" for at in _AT.findall(re.sub(r"/\*.*?\*/", " ", sheet, flags=re.DOTALL))]
    for rule in rules(sheet):
        if later := _SELECTOR.search(rule.selector):
            found.append(f"{rule.selector}: {later[0]} drops the whole rule")
        found += [f"{rule.selector}: {fault}" for fault in _faults(rule)]
    return found


def _faults(rule: Rule) -> Iterator[str]:
    for place, (name, value) in enumerate(rule.declarations):
        before = [(other, said) for other, said in rule.declarations[:place]]
        if name.startswith("--"):
            continue
        if name in ("gap", "row-gap", "column-gap"):
            yield f"{name} does nothing between flex items; use margins"
        elif name not in KNOWN and name not in COSMETIC and not _stands_for(name, [other for other, _ in before]):
            yield f"{name} is not known, and nothing older stands before it"
        elif (
            name not in _VALUE_NAMES
            and (later := _VALUE.search(value))
            and not any(other == name and not _VALUE.search(said) for other, said in before)
        ):
            yield f"{name}: {later[0]} is not known, and no older value stands before it"
        elif name in ("font", "font-family") and re.search(r"system-ui\s*(?:$|!)", value):
            yield f"{name}: system-ui alone is not known"


def _stands_for(name: str, before: list[str]) -> bool:
    older = PHYSICAL.get(name)
    return older is not None and any(other == older or other.startswith(f"{older}-") for other in before)

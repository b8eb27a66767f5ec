"""E The texts that stand in a package's source, and whether a language has them all: for translators and tests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from appliance.web.translations import po_file

METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2.ext:babel_extract")]
_PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")


@dataclass(frozen=True)
class Fault:
    """One text of one language that is missing, left over, or has other placeholders than the source."""

    locale: str
    text: str
    problem: str


def wanted(package: Path) -> Catalog:
    """Every text that ``package`` marks with ``_()``, ``gettext`` or ``ngettext``; a folder in it that has translations of its
    own is another package to translators."""
    catalogue = Catalog(charset="utf-8")
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None}
    options = {"**/templates/**.html": {"silent": "false", "trimmed": "true"}}
    for name, line, text, comments, context in extract_from_dir(
        package, METHODS, options, keywords, directory_filter=lambda folder: not (Path(folder) / "translations").is_dir()
    ):
        catalogue.add(text, locations=[(name, line)], auto_comments=comments, context=context)
    return catalogue


def faults(source: Catalog, folder: Path, domain: str, locale: str) -> list[Fault]:
    """What a translator has still to do: ``source`` is what is wanted. Empty for a complete language."""
    path = po_file(folder, locale, domain)
    if not path.exists():
        return [Fault(locale, "", f"there is no {path.name}")]
    with path.open("rb") as file:
        have = read_po(file, locale=locale)
    texts = dict.fromkeys(_forms(message.id) for message in source if message.id)
    translated = {_forms(message.id): _forms(message.string) for message in have if message.id}
    problems = {key: _problem(key, translated.get(key, ())) for key in texts}
    left_over = {key: "is no longer used" for key in translated if key not in texts}
    return [Fault(locale, key[0], problem) for key, problem in {**problems, **left_over}.items() if problem]


def _problem(key: tuple[str, ...], texts: tuple[str, ...]) -> str:
    if not texts or not all(texts):
        return "is not translated"
    names = {name for text in key for name in _PLACEHOLDER.findall(text)}
    used = [set(_PLACEHOLDER.findall(text)) for text in texts]
    # A form for one or two may leave the number out ("one place"); a text without forms may not.
    right = all(one == names for one in used) if len(key) == 1 else set().union(*used) == names
    return "" if right else "has other placeholders"


def update(package: Path, folder: Path, domain: str, locale: str) -> None:
    """Bring the PO file of a language up to the source: new texts empty, unused ones gone."""
    path = po_file(folder, locale, domain)
    catalogue = Catalog(locale=locale, charset="utf-8", project="campbox", fuzzy=False)
    if path.exists():
        with path.open("rb") as file:
            catalogue = read_po(file, locale=locale)
    catalogue.update(wanted(package), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, width=120, no_location=True, sort_output=True, include_previous=False)


def _forms(text: object) -> tuple[str, ...]:
    """The text itself, or its singular and plurals."""
    return (text,) if isinstance(text, str) else tuple(str(form) for form in text) if isinstance(text, (tuple, list)) else ()

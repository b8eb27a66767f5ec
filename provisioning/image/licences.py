"""P Licences as SPDX writes them, from Debian's copyright files (DEP-5) and from what Python distributions say.

Only identifiers of the table below are called by SPDX's name. Whatever else a packager wrote becomes a LicenseRef that carries the
text itself: no licence is guessed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from email.message import Message

from provisioning.image.debian_control import Paragraph, body, first_line, paragraphs

NOASSERTION = "NOASSERTION"

_GNU = {
    "gpl": ("1.0", "2.0", "3.0"), "lgpl": ("2.0", "2.1", "3.0"), "agpl": ("3.0",), "gfdl": ("1.1", "1.2", "1.3"),
}  # fmt: skip
_SPDX = """
    0BSD AFL-2.0 AFL-2.1 Apache-2.0 Artistic-1.0 Artistic-2.0 BSD-1-Clause BSD-2-Clause BSD-3-Clause BSD-4-Clause BSD-4-Clause-UC
    BSL-1.0 CC-BY-3.0 CC-BY-4.0 CC-BY-SA-3.0 CC-BY-SA-4.0 CC0-1.0 curl EPL-2.0 FSFAP FSFUL FSFULLR FTL HPND ICU IJG ISC JSON
    LPPL-1.3c
    MIT MIT-0 MIT-CMU MPL-1.1 MPL-2.0 MS-PL NTP OFL-1.1 OLDAP-2.8 OpenSSL PostgreSQL PSF-2.0 Python-2.0 TCL Unicode-DFS-2015
    Unicode-DFS-2016 Unlicense Vim W3C X11 Zlib ZPL-2.1 bzip2-1.0.6 libpng-2.0 libtiff blessing Beerware
"""
_OTHER_NAMES = {
    "expat": "MIT", "apache-2": "Apache-2.0", "apache 2.0": "Apache-2.0", "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0", "cc0": "CC0-1.0",
    "bsd-2": "BSD-2-Clause", "bsd-3": "BSD-3-Clause", "bsd-4": "BSD-4-Clause", "openldap-2.8": "OLDAP-2.8", "mit license": "MIT",
    "python": "Python-2.0", "psf": "PSF-2.0", "psf-2": "PSF-2.0", "mpl 2.0": "MPL-2.0", "zpl 2.1": "ZPL-2.1", "ms-pl": "MS-PL",
    "artistic-1": "Artistic-1.0", "artistic": "Artistic-1.0-Perl", "artistic-1.0-perl": "Artistic-1.0-Perl",
    "gpl-2.0-only": "GPL-2.0-only", "the mit license": "MIT",
    "bsd 3-clause": "BSD-3-Clause", "bsd-3-clause license": "BSD-3-Clause",
}  # fmt: skip
"""Names in use that mean one licence of the SPDX list; Debian's "Artistic" is Perl's, and its "Expat" is what SPDX calls MIT."""

_EXCEPTIONS = {
    "linux-syscall-note": "Linux-syscall-note", "llvm": "LLVM-exception", "libtool": "Libtool-exception",
    "classpath": "Classpath-exception-2.0", "font": "Font-exception-2.0", "bison": "Bison-exception-2.2",
}  # fmt: skip
_CLASSIFIERS = {
    "MIT License": "MIT", "MIT No Attribution License (MIT-0)": "MIT-0", "Apache Software License": "Apache-2.0",
    "ISC License (ISCL)": "ISC", "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0", "The Unlicense (Unlicense)": "Unlicense",
    "Python Software Foundation License": "PSF-2.0", "zlib/libpng License": "Zlib",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only", "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
}  # fmt: skip


def _table() -> dict[str, str]:
    known = {name.lower(): name for name in _SPDX.split()} | _OTHER_NAMES
    for family, versions in _GNU.items():
        for version in versions:
            only, later = f"{family.upper()}-{version}-only", f"{family.upper()}-{version}-or-later"
            for short in {version, version.removesuffix(".0")}:
                known |= {
                    f"{family}-{short}": only,
                    f"{family}-{short}+": later,
                    f"{family}v{short}+": later,
                    f"{family}v{short}": only,
                }
            known |= {only.lower(): only, later.lower(): later}
    return known


KNOWN = _table()
"""A name in lower case -> the identifier on the SPDX list."""


@dataclass(frozen=True)
class Licence:
    """An SPDX expression, and the texts of the LicenseRefs in it."""

    expression: str = NOASSERTION
    texts: dict[str, str] = field(default_factory=dict)


def from_copyright(untrusted_text: str) -> Licence | None:
    """All licences a machine-readable copyright file names, joined by AND. None for one that is only for people to read."""
    stanzas = list(paragraphs(untrusted_text))
    # DEP-5: the first paragraph holds "Format", a URL that ends so
    if not stanzas or "copyright-format" not in stanzas[0].get("format", "") + stanzas[0].get("format-specification", ""):
        return None
    texts = {first_line(one, "license").lower(): body(one["license"]) for one in stanzas if _is_text(one)}
    found: dict[str, None] = {}
    refs: dict[str, str] = {}
    for stanza in (one for one in stanzas if "files" in one and "license" in one):
        synopsis = first_line(stanza, "license")
        # Some write the whole text where its name should stand; then the text is all there is.
        own = body(stanza["license"]) if synopsis else ""
        for part in _both(synopsis or body(stanza["license"]).split("\n")[0], own, texts, refs):
            found[part] = None
    return Licence(" AND ".join(sorted(found)), refs) if found else None


def _is_text(stanza: Paragraph) -> bool:
    return "license" in stanza and "files" not in stanza and bool(body(stanza["license"]))


def _both(synopsis: str, own: str, texts: dict[str, str], refs: dict[str, str]) -> Iterator[str]:
    """The parts of an expression that hold at once; those with a choice in brackets."""
    for part in re.split(r",\s+and\s+", synopsis):
        # DEP-5: "and" binds closer than "or", unless a comma stands before it
        choices = [
            [_one(single, own, texts, refs) for single in re.split(r"\s+and\s+", choice)]
            for choice in re.split(r",?\s+(?:or|and/or)\s+", part)
        ]
        if len(choices) == 1:
            yield from choices[0]
        else:
            joined = ("(" + " AND ".join(all_of) + ")" if len(all_of) > 1 else all_of[0] for all_of in choices)
            yield "(" + " OR ".join(dict.fromkeys(joined)) + ")"


def _one(name: str, own: str, texts: dict[str, str], refs: dict[str, str]) -> str:
    """One licence: its SPDX name, with an exception that is on the list, or a LicenseRef with its text."""
    plain = " ".join(name.split())
    if plain.lower() in KNOWN:
        return KNOWN[plain.lower()]
    with_exception = re.fullmatch(r"(\S+) with (\S+) exceptions?", plain, re.I)
    if with_exception and with_exception[1].lower() in KNOWN and with_exception[2].lower() in _EXCEPTIONS:
        return f"{KNOWN[with_exception[1].lower()]} WITH {_EXCEPTIONS[with_exception[2].lower()]}"
    text = texts.get(plain.lower()) or own or plain or "no text"
    return _reference(plain, text, refs)


def _reference(name: str, text: str, refs: dict[str, str]) -> str:
    """A LicenseRef named after the licence and its text: packagers use one name for different texts."""
    clean = re.sub(r"[^A-Za-z0-9.]+", "-", name)[:40].strip("-.") or "unnamed"
    identifier = f"LicenseRef-{clean}-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]}"
    refs[identifier] = text
    return identifier


def from_metadata(message: Message) -> Licence:
    """What a Python distribution says of itself: PEP 639's expression, else its licence field, else its classifiers."""
    expression = str(message.get("License-Expression") or "").strip()
    if expression:
        return _expression(expression)
    said = " ".join(str(message.get("License") or "").split())
    if said.lower() in KNOWN:
        return Licence(KNOWN[said.lower()])
    classifiers = licence_classifiers(message)
    if len(classifiers) == 1 and classifiers[0] in _CLASSIFIERS:  # of two nobody says whether both hold or one may be chosen
        return Licence(_CLASSIFIERS[classifiers[0]])
    if said and len(said) < 100:
        return _expression(re.sub(r"\s*/\s*", " OR ", said)) if "/" in said else _as_reference(said)
    return Licence()


def licence_classifiers(message: Message) -> list[str]:
    """The ends of a distribution's ``License ::`` classifiers."""
    found = (str(one).partition(" :: ") for one in message.get_all("Classifier") or [])
    return [
        rest.removeprefix("OSI Approved :: ").strip() for head, _, rest in found if head == "License" and rest != "OSI Approved"
    ]


def _as_reference(said: str) -> Licence:
    refs: dict[str, str] = {}
    return Licence(_reference(said, said, refs), refs)


def _expression(untrusted: str) -> Licence:
    """An expression with every identifier that is not in the table made a LicenseRef; the whole one, if it is not well formed."""
    tokens = re.findall(r"[()]|[^\s()]+", untrusted)
    refs: dict[str, str] = {}
    fixed = [token if token in _JOINING else KNOWN.get(token.lower()) or _reference(token, untrusted, refs) for token in tokens]
    if "WITH" in tokens or not _well_formed(fixed):
        return _as_reference(untrusted)
    return Licence(" ".join(fixed).replace("( ", "(").replace(" )", ")"), refs)


_JOINING = frozenset({"AND", "OR", "WITH", "(", ")"})


def _well_formed(tokens: Iterable[str]) -> bool:
    """Names and operators take turns, brackets match."""
    depth, name_next = 0, True
    for token in tokens:
        if token == "(":
            depth += 1
        elif token == ")":
            depth -= 1
        if token == "(" and not name_next or token == ")" and (name_next or depth < 0):
            return False
        if token in ("AND", "OR"):
            if name_next:
                return False
            name_next = True
        elif token not in ("(", ")"):
            if not name_next:
                return False
            name_next = False
    return depth == 0 and not name_next

"""Licences: named by SPDX's names where the packager's words allow no other reading, else carried with their text."""

from __future__ import annotations

import email.parser
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.image.licences import KNOWN, NOASSERTION, Licence, from_copyright, from_metadata

HEAD = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n"


def declared(*licences: str) -> str:
    found = from_copyright(HEAD + "\n\n".join(f"Files: {n}\nLicense: {text}" for n, text in enumerate(licences)))
    assert found is not None
    return found.expression


@pytest.mark.parametrize(
    ("debian", "spdx"),
    [
        ("Expat", "MIT"),
        ("GPL-2", "GPL-2.0-only"),
        ("GPL-2+", "GPL-2.0-or-later"),
        ("LGPL-2.1+", "LGPL-2.1-or-later"),
        ("GPLv3+", "GPL-3.0-or-later"),
        ("BSD-3-clause", "BSD-3-Clause"),
        ("GPL-1+ or Artistic", "(GPL-1.0-or-later OR Artistic-1.0-Perl)"),
        ("MIT and ISC", "MIT AND ISC"),
        ("MIT or ISC and Zlib", "(MIT OR (ISC AND Zlib))"),
        ("MIT or ISC, and Zlib", "(MIT OR ISC) AND Zlib"),
        ("GPL-2 with Linux-syscall-note exception", "GPL-2.0-only WITH Linux-syscall-note"),
    ],
)  # fmt: skip
def test_a_short_name_of_debian_becomes_the_one_of_spdx(debian: str, spdx: str) -> None:
    assert sorted(declared(debian).split(" AND ")) == sorted(spdx.split(" AND "))


def test_the_licences_of_all_files_hold_together_each_once() -> None:
    assert declared("GPL-2+", "Expat", "GPL-2+\n text") == "GPL-2.0-or-later AND MIT"


def test_a_name_that_is_not_on_the_list_carries_its_text() -> None:
    found = from_copyright(HEAD + "Files: *\nLicense: Frog-1\n\nLicense: Frog-1\n Croak.\n .\n Twice.\n")
    assert found is not None
    assert re.fullmatch(r"LicenseRef-Frog-1-[0-9a-f]{8}", found.expression)
    assert found.texts == {found.expression: "Croak.\n\nTwice."}


def test_one_name_for_two_texts_gives_two_references() -> None:
    assert declared("permissive\n Do what you like.") != declared("permissive\n Do what you like on Sundays.")


def test_an_exception_that_is_not_on_the_list_is_never_dropped() -> None:
    assert declared("GPL-2+ with OpenSSL exception").startswith("LicenseRef-GPL-2-with-OpenSSL-exception-")


@pytest.mark.parametrize("text", ["", "This package was debianized by hand.\nLicense: GPL-2+\n", HEAD, HEAD + "License: MIT\n x\n"])
def test_a_copyright_file_for_people_only_is_not_guessed_at(text: str) -> None:
    found = from_copyright(text)
    assert found is None or found == Licence()


def metadata(text: str) -> Licence:
    return from_metadata(email.parser.HeaderParser().parsestr(text))


@pytest.mark.parametrize(
    ("said", "spdx"),
    [
        ("License-Expression: Apache-2.0 OR BSD-3-Clause", "Apache-2.0 OR BSD-3-Clause"),
        ("License-Expression: (MIT AND ISC) OR Zlib\nLicense: GPL", "(MIT AND ISC) OR Zlib"),
        ("License: MIT", "MIT"),
        ("License: Apache 2.0", "Apache-2.0"),
        ("License: MIT/ISC", "MIT OR ISC"),
        ("Classifier: License :: OSI Approved :: MIT License", "MIT"),
        ("Classifier: License :: OSI Approved\nClassifier: License :: OSI Approved :: Apache Software License", "Apache-2.0"),
        ("Classifier: License :: OSI Approved :: BSD License", NOASSERTION),
        (
            "Classifier: License :: OSI Approved :: MIT License\nClassifier: License :: OSI Approved :: ISC License (ISCL)",
            NOASSERTION,
        ),
        ("License: " + "long text " * 40, NOASSERTION),
        ("Name: x", NOASSERTION),
    ],
)
def test_what_a_python_distribution_says_is_taken_when_it_is_clear(said: str, spdx: str) -> None:
    assert metadata(said).expression == spdx


@pytest.mark.parametrize("broken", ["MIT OR", "(MIT", "MIT ISC", ") MIT (", "AND", "MIT WITH Sauce", "()"])
def test_an_expression_that_is_none_becomes_one_reference(broken: str) -> None:
    found = metadata(f"License-Expression: {broken}")
    assert found.expression.startswith("LicenseRef-") and " " not in found.expression
    assert found.texts == {found.expression: broken}


LEGAL = re.compile(r"[A-Za-z0-9.+-]+")


def assert_legal(found: Licence) -> None:
    """Only names of the list and references whose texts are there, joined by operators."""
    for token in re.sub(r"[()]", " ", found.expression).split():
        assert LEGAL.fullmatch(token)
        known = token in KNOWN.values() or token in ("AND", "OR", "WITH", NOASSERTION) or re.search("note|exception", token)
        assert known or found.texts[token]
    assert found.expression.count("(") == found.expression.count(")")


WORDS = st.lists(st.sampled_from(["MIT", "GPL-2+", "and", "or", ",", ", and", "with", "exception", "Frog", "(", ")", "é/", "\n ."]))


@given(st.lists(WORDS.map(" ".join) | st.text(max_size=40), min_size=1, max_size=4))
def test_whatever_a_packager_wrote_a_legal_expression_comes_out(licences: list[str]) -> None:
    found = from_copyright(HEAD + "\n\n".join(f"Files: *\nLicense: {text}" for text in licences))
    if found is not None:
        assert_legal(found)


@given(WORDS.map(" ".join) | st.text(max_size=60))
def test_whatever_a_distribution_says_a_legal_expression_comes_out(said: str) -> None:
    for name in ("License-Expression", "License", "Classifier"):
        assert_legal(metadata(f"{name}: {said}"))

"""Debian's control format: read as Policy writes it, and no text makes it crash."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from provisioning.image.debian_control import body, first_line, names, paragraphs

TEXT = """\
Package: one
Description: short
 long
 .
 end

# a comment
Package: two
not a field
 of nobody
Version:1

"""


def test_paragraphs_fields_and_continued_lines_are_told_apart() -> None:
    one, two = paragraphs(TEXT)
    assert one == {"package": "one", "description": "short\n long\n .\n end"}
    assert two == {"package": "two", "version": "1"}
    assert first_line(one, "description") == "short" and first_line(one, "absent") == ""
    assert body(one["description"]) == "long\n\nend"


def test_names_come_without_addresses() -> None:
    assert names('GNU Libc Maintainers <a@b.org>, "Guido van Rossum" <c@d>') == ("GNU Libc Maintainers", "Guido van Rossum")
    assert names(" , <a@b>") == ()


FIELD = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,10}", fullmatch=True)
LINE = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=("Cc", "Zs")), min_size=1, max_size=20)


@given(st.lists(st.dictionaries(FIELD.map(str.lower), st.lists(LINE, min_size=1, max_size=3), min_size=1, max_size=4), max_size=4))
def test_what_is_written_as_policy_says_comes_back(wanted: list[dict[str, list[str]]]) -> None:
    text = "\n\n".join("\n".join(f"{name}: " + "\n ".join(lines) for name, lines in one.items()) for one in wanted)
    assert list(paragraphs(text)) == [{name: "\n ".join(lines) for name, lines in one.items()} for one in wanted]


@given(st.text() | st.text("ab:\n .#", max_size=60))
def test_no_text_crashes_it_and_nothing_empty_comes_out(text: str) -> None:
    for one in paragraphs(text):
        assert one
        assert all(name == name.lower() and isinstance(body(value), str) for name, value in one.items())

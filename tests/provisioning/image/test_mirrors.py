"""The mirrors of this machine's own apt are an image's too, unless others are named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import BadInput
from provisioning.image.mirrors import Mirrors, choose

DEBIAN, SECURITY = "http://mirror.example/debian", "http://mirror.example/debian-security"
TARGETS = f"""\
https://tools.example/apt|stable|extra
{DEBIAN}/|bookworm-updates|main
{DEBIAN}/|bookworm|main
http://far.example/debian/|bookworm|main
{SECURITY}/|bookworm-security|main
"""


def test_the_first_of_each_kind_is_taken() -> None:
    assert choose(None, None, TARGETS) == Mirrors(DEBIAN, SECURITY)


def test_a_newer_debian_serves_as_well() -> None:
    assert choose(None, None, TARGETS.replace("bookworm", "trixie")) == Mirrors(DEBIAN, SECURITY)


def test_what_is_given_goes_before_what_is_found() -> None:
    assert choose("file:/srv/debian", None, TARGETS) == Mirrors("file:/srv/debian", SECURITY)
    assert choose("file:/srv/debian", "file:/srv/security", "") == Mirrors("file:/srv/debian", "file:/srv/security")


@pytest.mark.parametrize(
    ("targets", "what"),
    [
        ("", "no mirror of Debian"),
        (TARGETS.replace("bookworm", "jammy"), "no mirror of Debian"),
        (f"{DEBIAN}|bookworm|main\n", "security"),
        (f"cdrom://[Debian 12]/|bookworm|main\n{SECURITY}|bookworm-security|main\n", "no mirror of Debian"),
    ],
)
def test_a_machine_of_another_kind_must_be_told(targets: str, what: str) -> None:
    with pytest.raises(BadInput, match=what) as caught:
        choose(None, None, targets)
    assert "mirror ADDRESS" in (caught.value.mend or "")


@given(st.text())
def test_whatever_apt_says_it_is_an_answer_or_one_line(untrusted: str) -> None:
    try:
        choose(None, None, untrusted)
    except BadInput as error:
        assert "\n" not in str(error)

"""The recipe: its hash changes with every input and with nothing else; bad input is one line."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import BadInput
from provisioning.image import recipe, system

ARM = recipe.ARCHES["arm64"]
BASE: dict[str, Any] = {
    "kind": ARM,
    "archives": {"a.deb": "1", "b.deb": "2"},
    "early": [["etc/x", "file"]],
    "asked": ["a"],
    "date": 1,
}
WHOLE: dict[str, Any] = {"base": "b", "project": "p", "files": [1], "partitions": [2], "site": "s"}


def test_the_order_in_which_packages_are_named_does_not_count() -> None:
    turned = {**BASE, "archives": {"b.deb": "2", "a.deb": "1"}}
    assert recipe.base_hash(**BASE) == recipe.base_hash(**turned)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": recipe.ARCHES["amd64"]},
        {"archives": {"a.deb": "1", "b.deb": "3"}},
        {"archives": {"a.deb": "1"}},
        {"early": []},
        {"asked": []},
        {"date": 2},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_input_of_the_base_counts(change: dict[str, Any]) -> None:
    assert recipe.base_hash(**{**BASE, **change}) != recipe.base_hash(**BASE)


@pytest.mark.parametrize("name", list(WHOLE))
def test_every_input_of_the_image_counts(name: str) -> None:
    assert recipe.recipe_hash(**{**WHOLE, name: "other"}) != recipe.recipe_hash(**WHOLE)


def test_another_format_gives_other_names(monkeypatch: pytest.MonkeyPatch) -> None:
    before = recipe.base_hash(**BASE), recipe.recipe_hash(**WHOLE)
    monkeypatch.setattr(recipe, "FORMAT", recipe.FORMAT + 1)
    after = recipe.base_hash(**BASE), recipe.recipe_hash(**WHOLE)
    assert not set(before) & set(after)


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_guids_are_stable_valid_and_differ_by_name_and_recipe(seed: str, one: str, other: str) -> None:
    guid = recipe.guid(seed, one)
    assert str(recipe.guid("seed", "one")) == "b972a4b2-9b37-522d-9acd-d312a38e3eed" and guid.version == 5
    assert (guid == recipe.guid(seed, other)) == (one == other)
    assert 0 < recipe.volume_id(seed, one) < 1 << 32


@pytest.mark.parametrize("arch", list(recipe.ARCHES))
def test_every_image_has_what_it_needs_to_boot_and_nothing_to_log_in_with(arch: str) -> None:
    kind = recipe.arch(arch)
    asked = recipe.packages(kind, system.PACKAGES)
    assert {f"linux-image-{arch}", "systemd-boot-efi", "hostapd", "dnsmasq-base", "nginx-light", "nftables"} <= set(asked)
    assert list(asked) == sorted(set(asked))
    assert not recipe.NEVER & set(asked)
    assert not [name for name in asked if re.search(r"ssh|gcc|-dev\b|^(vim|nano|man-db|cron)$", name)]


def test_the_packages_that_sell_a_box_are_named_as_never() -> None:
    assert {"openssh-server", "gcc", "make", "sudo", "apt"} <= recipe.NEVER


@pytest.mark.parametrize("name", ["", "mips", "ARM64", "arm64 ", "../etc"])
def test_an_unknown_computer_is_one_line(name: str) -> None:
    with pytest.raises(BadInput) as found:
        recipe.arch(name)
    assert "--arch" in str(found.value) and "arm64 or amd64" in str(found.value)


def test_packages_come_signed_from_every_suite() -> None:
    lines = recipe.sources("http://mirror.example/debian", "http://mirror.example/security").splitlines()
    assert [line.split()[3] for line in lines] == ["bookworm", "bookworm-updates", "bookworm-security"]
    assert all("[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" in line for line in lines)


@pytest.mark.parametrize(
    "mirror", ["", "ftp://x", "http://x y", "http://x] y", "http://x\ndeb [trusted=yes] http://y", "http://x#"]
)
def test_a_mirror_that_would_change_the_line_is_refused(mirror: str) -> None:
    with pytest.raises(BadInput, match="address of a mirror"):
        recipe.sources(mirror, "http://mirror.example/security")


@pytest.mark.parametrize(("kind", "machine"), [("arm64", "aarch64"), ("amd64", "x86_64")])
def test_wheels_are_chosen_for_no_newer_glibc_than_the_images_own(kind: str, machine: str) -> None:
    names = recipe.wheel_platforms(recipe.arch(kind))
    assert names[0] == f"manylinux_2_36_{machine}" and f"manylinux2014_{machine}" in names
    assert all(name.endswith(machine) for name in names)


def test_copyright_files_stay() -> None:
    assert "/usr/share/doc/*" in recipe.EXCLUDED_PATHS and "/usr/share/doc/*/copyright" in recipe.KEPT_PATHS

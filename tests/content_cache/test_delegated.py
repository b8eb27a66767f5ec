"""How much organisations may sign: 64 of them, 16 kB of metadata and 500 kB of services each, as docs/threats.md promises.

The updater is a stand-in that counts what is asked of it; the real one is met in test_attacks_delegated.py.
"""

from __future__ import annotations

import types
from typing import Any

import pytest
from tuf.api.metadata import DelegatedRole, Delegations, MetaFile, TargetFile, Targets

from appliance.errors import Refused
from content_cache import delegated, layers
from content_cache.layers import Signed
from content_cache.needs import stable_id
from content_cache.targets import File

HASH = "a" * 64


def organisation(number: int) -> str:
    return stable_id("organization", str(number))


def top(roles: list[str]) -> Targets:
    made = {role: DelegatedRole(role, ["k"], 1, True, paths=["orgs/*/*"]) for role in roles}
    return Targets(delegations=Delegations({}, made))


class Updater:
    """As far as ``delegated`` knows one: what the snapshot says, and the files that were signed."""

    def __init__(self, meta: dict[str, MetaFile], length: int = 10) -> None:
        self.config = types.SimpleNamespace(targets_max_length=1_000_000)
        self._trusted_set = types.SimpleNamespace(snapshot=types.SimpleNamespace(meta=meta))
        self.length, self.asked = length, list[str]()

    def get_targetinfo(self, path: str) -> TargetFile | None:
        self.asked.append(path)
        return TargetFile(self.length, {"sha256": HASH}, path) if self.length >= 0 else None


def look(updater: Updater, roles: list[str]) -> list[Signed]:
    return delegated.signed(updater, top(roles))  # type: ignore[arg-type]


def all_of(count: int) -> list[str]:
    return [layers.role(organisation(number), "0123456789") for number in range(count)]


def test_the_bounds_are_those_that_are_promised() -> None:
    assert (delegated.MOST, layers.LARGEST_ROLE, layers.LARGEST) == (64, 16_384, 500_000)


def test_sixty_four_organisations_sign_for_themselves_and_not_one_more() -> None:
    roles = all_of(65)
    few = Updater({f"{role}.json": MetaFile(1) for role in roles})
    assert len(look(few, roles[:64])) == len(few.asked) == 64
    many = Updater({f"{role}.json": MetaFile(1) for role in roles})
    with pytest.raises(Refused):
        look(many, roles)
    assert not many.asked, "refused before anything of theirs is fetched"


def test_a_role_that_is_no_organisations_neither_counts_nor_is_asked() -> None:
    roles = [*all_of(64), "bin-1", "org-../../x"]
    assert len(look(Updater({f"{role}.json": MetaFile(1) for role in roles}), roles)) == 64


@pytest.mark.parametrize("said", [None, 1, 16_384])
def test_metadata_of_16_kb_is_fetched(said: int | None) -> None:
    (role,) = all_of(1)
    updater = Updater({f"{role}.json": MetaFile(1, length=said)})
    (one,) = look(updater, [role])
    name = f"orgs/{organisation(0)}/services.jsonl"
    assert one == Signed(role, organisation(0), File(name, 10, HASH, 10, ())) and updater.asked == [name]


def test_metadata_larger_than_16_kb_is_refused_before_it_is_fetched() -> None:
    (role,) = all_of(1)
    updater = Updater({f"{role}.json": MetaFile(1, length=16_385)})
    with pytest.raises(Refused):
        look(updater, [role])
    assert not updater.asked


def test_metadata_whose_length_nobody_said_is_cut_off_at_16_kb() -> None:
    (role,) = all_of(1)
    updater = Updater({f"{role}.json": MetaFile(1)})
    look(updater, [role])
    assert updater.config.targets_max_length == 16_384


def test_who_has_signed_nothing_yet_is_not_asked_and_the_others_are() -> None:
    silent, emptied, spoken = sorted(all_of(3))
    updater = Updater({f"{spoken}.json": MetaFile(1)})
    assert [one.role for one in look(updater, [silent, spoken])] == [spoken]
    assert look(Updater({f"{emptied}.json": MetaFile(1)}, length=-1), [emptied]) == []
    assert look(updater, []) == [] and delegated.signed(updater, Targets()) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(("length", "taken"), [(0, True), (500_000, True), (500_001, False)])
def test_a_layer_is_at_most_500_kb(length: int, taken: bool) -> None:
    (role,) = all_of(1)
    updater: Any = Updater({f"{role}.json": MetaFile(1)}, length)
    if taken:
        assert look(updater, [role])[0].file.length == length
    else:
        with pytest.raises(Refused):
            look(updater, [role])

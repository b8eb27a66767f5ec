"""Who a box is, decided from card and data partition: nothing good is given up for something worse, no token is taken twice."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from appliance.errors import BadInput
from appliance.values import BoxId
from provisioning.card_rules import Card, Found, Kept, blanked, decide, fingerprint, read_card, read_kept
from provisioning.identity import Identity

TOKEN, NEWER = "A" * 43, "b" * 43
NORTH = Identity(BoxId("north-1"), BoxId("north"), "hub.example.org", 8443, "sha256:" + "0" * 64)
SOUTH = Identity(BoxId("south-1"), BoxId("south"), "hub.example.org", 8443, "sha256:" + "0" * 64)
ELSEWHERE = Identity(BoxId("north-1"), BoxId("north"), "other.example.org", 8443, "sha256:" + "1" * 64)
TAKEN = Kept(NORTH, fingerprint(TOKEN))


def found(
    card: Card | str | None, kept: Kept | None = None, *, keeps: bool = True, hub: bool = True, in_hand: bool = False
) -> Found:
    return Found(card, kept, keeps, hub, in_hand)


def test_a_first_start_takes_the_token_and_then_blanks_it_on_the_card() -> None:
    plan = decide(found(Card(NORTH, TOKEN)))
    assert (plan.state, plan.identity, plan.take, plan.blank, plan.set_aside) == ("ready", NORTH, TOKEN, True, False)
    assert plan.why == ""


def test_the_same_card_without_its_token_changes_nothing() -> None:
    plan = decide(found(Card(NORTH, None), TAKEN, in_hand=True))
    assert (plan.state, plan.identity, plan.take, plan.blank, plan.set_aside) == ("ready", NORTH, None, False, False)


def test_a_token_that_was_taken_is_blanked_but_not_taken_again() -> None:
    plan = decide(found(Card(NORTH, TOKEN), TAKEN, in_hand=True))
    assert (plan.take, plan.blank) == (None, True)


def test_a_token_that_was_taken_and_lost_before_it_was_used_is_taken_again() -> None:
    assert decide(found(Card(NORTH, TOKEN), TAKEN, in_hand=False)).take == TOKEN


def test_a_new_token_for_the_same_box_is_taken_and_its_key_stays() -> None:
    plan = decide(found(Card(NORTH, NEWER), TAKEN, in_hand=True))
    assert (plan.take, plan.set_aside, plan.blank) == (NEWER, False, True)


@pytest.mark.parametrize("other", [SOUTH, ELSEWHERE], ids=["another box", "another hub"])
def test_a_new_token_for_another_box_or_hub_sets_the_old_ones_key_aside(other: Identity) -> None:
    plan = decide(found(Card(other, NEWER), TAKEN, in_hand=True))
    assert (plan.state, plan.identity, plan.take, plan.set_aside) == ("ready", other, NEWER, True)


@pytest.mark.parametrize("other", [SOUTH, ELSEWHERE], ids=["another box", "another hub"])
def test_another_name_without_a_token_is_not_believed(other: Identity) -> None:
    plan = decide(found(Card(other, None), TAKEN, in_hand=True))
    assert (plan.state, plan.identity, plan.take) == ("another", NORTH, None)
    assert "north-1" in plan.why


def test_a_hub_that_moved_is_followed_by_name() -> None:
    moved = Identity(NORTH.box, NORTH.site, "new.example.org", 443, NORTH.pin)
    assert decide(found(Card(moved, None), TAKEN, in_hand=True)).identity == moved


def test_a_spoilt_identity_on_the_card_leaves_an_enrolled_box_as_it_is() -> None:
    plan = decide(found("it is not JSON", TAKEN, in_hand=True))
    assert (plan.state, plan.identity) == ("damaged", NORTH)
    assert "north-1" in plan.why and "not JSON" in plan.why and "\n" not in plan.why


def test_a_spoilt_identity_on_a_new_card_lets_the_box_stand_alone_and_says_how_to_mend_it() -> None:
    plan = decide(found("it is not JSON"))
    assert (plan.state, plan.identity) == ("damaged", None)
    assert "stands alone" in plan.why and "ticket" in plan.why


def test_a_card_without_an_identity_says_so() -> None:
    plan = decide(found(None))
    assert (plan.state, plan.identity) == ("alone", None)
    assert "no identity" in plan.why


def test_an_identity_that_went_from_the_card_is_still_the_boxs() -> None:
    assert decide(found(None, TAKEN, in_hand=True)).identity == NORTH


def test_without_a_data_partition_the_token_stays_on_the_card() -> None:
    plan = decide(found(Card(NORTH, TOKEN), keeps=False))
    assert (plan.state, plan.identity, plan.take, plan.blank) == ("memory", None, None, False)


def test_a_site_without_a_hub_takes_nothing() -> None:
    plan = decide(found(Card(NORTH, TOKEN), hub=False))
    assert (plan.state, plan.identity, plan.take, plan.blank) == ("alone", None, None, False)


def test_in_every_case_a_token_leaves_the_card_only_when_it_is_or_was_taken() -> None:
    cards: list[Card | str | None] = [None, "spoilt", *(Card(i, t) for i in (NORTH, SOUTH) for t in (None, TOKEN, NEWER))]
    keeps_of = [None, TAKEN, Kept(NORTH, ""), Kept(SOUTH, fingerprint(NEWER))]
    for card, kept, keeps, hub, in_hand in itertools.product(cards, keeps_of, (True, False), (True, False), (True, False)):
        plan = decide(Found(card, kept, keeps, hub, in_hand))
        token = card.token if isinstance(card, Card) else None
        assert not plan.blank or token is not None
        if plan.blank and plan.take is None:
            assert kept is not None and token is not None and kept.token == fingerprint(token) and in_hand
        assert plan.take in (None, token)
        assert "\n" not in plan.why


def test_a_card_is_read_back_as_it_was_written_and_after_blanking_has_no_token() -> None:
    content = json.dumps(NORTH.as_json(TOKEN), indent=1).encode()
    assert read_card(content) == Card(NORTH, TOKEN)
    after = blanked(content, TOKEN)
    assert len(after) == len(content) and TOKEN.encode() not in after
    assert read_card(after) == Card(NORTH, None)


def test_a_token_that_looks_like_a_piece_of_the_pin_leaves_the_pin_alone() -> None:
    content = json.dumps(NORTH.as_json("0" * 43)).encode()
    assert read_card(blanked(content, "0" * 43)) == Card(NORTH, None)


def test_a_token_in_an_odd_way_of_writing_is_told_and_not_half_blanked() -> None:
    content = json.dumps(NORTH.as_json(TOKEN)).replace('"token"', '"\\u0074oken"').encode()
    assert read_card(content).token == TOKEN
    with pytest.raises(BadInput, match="odd"):
        blanked(content, TOKEN)


@given(some.text(alphabet="ABCabc012-_", min_size=1, max_size=43), some.sampled_from([None, 1, 2]))
def test_any_token_is_blanked_and_nothing_else(token: str, indent: int | None) -> None:
    content = json.dumps(NORTH.as_json(token), indent=indent).encode()
    after = blanked(content, token)
    assert len(after) == len(content) and read_card(after) == Card(NORTH, None)


def test_what_was_kept_is_read_back() -> None:
    assert read_kept(json.dumps(TAKEN.as_json()).encode()) == TAKEN
    assert TOKEN not in json.dumps(TAKEN.as_json())


@given(some.binary(max_size=200) | some.text(max_size=200).map(str.encode))
def test_any_bytes_are_an_identity_or_a_fault_that_is_told(content: bytes) -> None:
    for read in (read_card, read_kept):
        try:
            read(content)
        except BadInput as error:
            assert error.what and "\n" not in error.what


_VALUES = some.recursive(some.none() | some.booleans() | some.integers() | some.text(max_size=5), some.lists, max_leaves=3)


@given(some.dictionaries(some.sampled_from(["box", "site", "hub", "pin", "token", "host", "port"]), _VALUES))
def test_any_object_is_an_identity_or_a_fault_that_is_told(change: dict[str, object]) -> None:
    try:
        read_card(json.dumps({**NORTH.as_json(TOKEN), **change}).encode())
    except BadInput as error:
        assert error.what

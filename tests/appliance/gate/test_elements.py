"""The text of commands and the reading of listings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.gate import elements
from appliance.gate.elements import Element, Listing, Stamp
from appliance.values import Mac
from tests.appliance.gate.knowledge import mac

ANSWER = (
    "table inet campbox {\n\tmap people {\n\t\ttype ether_addr : mark\n\t\tsize 16384\n\t\tflags timeout\n"
    "\t\telements = { 02:00:00:00:00:01 counter packets 4 bytes 44 timeout 16m40s expires 16m39s712ms : 0x000003e8 }\n\t}\n}\n"
)


def test_an_admission_is_one_command() -> None:
    text = elements.add_text(Element(mac(1), 5, 60), "people")
    assert text == (
        "add element inet campbox people { 02:00:00:00:00:01 counter packets 0 bytes 0 timeout 60s : 5 }"
    )  # fmt: skip


def test_an_extension_deletes_and_adds_with_the_counter() -> None:
    text = elements.replace_text(Element(mac(1), 5, 3, 7, 70), Element(mac(1), 5, 60, 7, 70), "people")
    assert text.splitlines() == [
        "delete element inet campbox people { 02:00:00:00:00:01 : 5 }",
        "add element inet campbox people { 02:00:00:00:00:01 counter packets 7 bytes 70 timeout 60s : 5 }",
    ]


def test_one_element_is_read_from_the_library_s_text() -> None:
    assert elements.parse_element(ANSWER) == Element(mac(1), 1_000, 999, 4, 44)
    assert elements.parse_element("") is None


def test_a_listing_is_read_from_json() -> None:
    entry = {"elem": {"val": "02:00:00:00:00:02", "timeout": 100, "expires": 99, "counter": {"packets": 2, "bytes": 20}}}
    bare = {"elem": {"val": "02:00:00:00:00:03"}}
    answer = {"nftables": [{"metainfo": {}}, {"map": {"name": "people", "elem": [[entry, 6], [bare, 7]]}}]}
    assert elements.parse_elements(answer) == (Element(mac(2), 6, 99, 2, 20), Element(mac(3), 7, 0, 0, 0))
    assert elements.parse_elements({"nftables": [{"map": {"name": "people"}}]}) == ()
    assert elements.parse_elements({}) == ()


def test_flags_and_counters_are_read_from_json() -> None:
    up = {"nftables": [{"set": {"elem": [{"elem": {"val": "br-lan", "timeout": 50, "expires": 49}}]}}]}
    assert elements.parse_flag(up) == 49
    assert elements.parse_flag({"nftables": [{"set": {"name": "grace"}}]}) is None
    counted = {"nftables": [{"set": {"elem": [{"elem": {"val": 5, "counter": {"packets": 1, "bytes": 90}}}]}}]}
    assert elements.parse_counted(counted) == {5: 90}


def test_a_table_made_anew_gets_its_people_back() -> None:
    listing = Listing((Element(mac(1), 5, 60, 1, 10),), (Element(mac(2), 6, 50),), 40, offline=True, spent={mac(3): 77})
    assert elements.restore_text(listing, "br-lan").splitlines() == [
        "add element inet campbox people { 02:00:00:00:00:01 counter packets 1 bytes 10 timeout 60s : 5 }",
        "add element inet campbox guests { 02:00:00:00:00:02 counter packets 0 bytes 0 timeout 50s : 6 }",
        "add element inet campbox spent { 02:00:00:00:00:03 counter packets 0 bytes 77 }",
        'add element inet campbox grace { "br-lan" timeout 40s }',
    ]


@given(
    st.integers(0, 2**40), st.integers(0, 2**40), st.integers(1, 1023), st.integers(0, 6), st.integers(0, 23), st.integers(0, 59)
)
def test_any_span_and_counter_is_read(packets: int, octets: int, mark: int, days: int, hours: int, minutes: int) -> None:
    span = f"{days}d{hours}h{minutes}m5s250ms"
    text = f"{{ 02:00:00:00:00:01 counter packets {packets} bytes {octets} timeout 7d expires {span} : {mark:#010x} }}"
    seconds = ((days * 24 + hours) * 60 + minutes) * 60 + 5
    assert elements.parse_element(text) == Element(mac(1), mark, seconds, packets, octets)


def test_every_deed_is_one_line_of_nftables() -> None:
    assert elements.delete_text(mac(1), 5, "guests") == "delete element inet campbox guests { 02:00:00:00:00:01 : 5 }"
    add = 'add element inet campbox grace { "br-lan" timeout 9s }'
    assert elements.raise_text("grace", "br-lan", 9, up=False) == add
    assert elements.raise_text("grace", "br-lan", 9, up=True).splitlines() == [elements.lower_text("grace", "br-lan"), add]
    assert elements.lower_text("offline", "br-lan") == 'delete element inet campbox offline { "br-lan" }'
    assert elements.stamp_text(Stamp("b-1"), "br-lan") == 'add element inet campbox life { "br-lan" comment "boot b-1" }'
    assert elements.stamp_text(Stamp("b-1", 7), "br-lan") == 'add element inet campbox life { "br-lan" comment "boot b-1 day 7" }'
    assert elements.unstamp_text("br-lan") == 'delete element inet campbox life { "br-lan" }'
    assert elements.unspend_text(mac(1)) == "delete element inet campbox spent { 02:00:00:00:00:01 }"


@pytest.mark.parametrize(
    ("seconds", "endless", "told"), [(0, False, 1), (1, False, 1), (2, False, 2), (-3, False, 1), (0, True, 10**9)]
)
def test_an_element_is_never_added_without_an_end(seconds: int, endless: bool, told: int) -> None:
    element = Element(mac(1), 5, seconds, endless=endless)
    assert f" timeout {told}s " in elements.add_text(element, "people")
    assert element.lasts == (elements.ENDLESS if endless else seconds) and elements.ENDLESS == 10**9


@pytest.mark.parametrize(
    ("expires", "seconds"),
    [("1d", 86_400), ("1h", 3_600), ("1m", 60), ("1s", 1), ("999ms", 0), ("1000ms", 1), ("1s999ms", 1), ("2d3h4m5s6ms", 183_845)],
)
def test_each_unit_of_a_span_is_read(expires: str, seconds: int) -> None:
    found = elements.parse_element(f"{{ 02:00:00:00:00:01 timeout 9d expires {expires} : 0x0000001f }}")
    assert found == Element(mac(1), 31, seconds, 0, 0) and found is not None and not found.endless


def test_an_element_without_a_time_is_read_as_endless() -> None:
    found = elements.parse_element("{ 02:00:00:00:00:01 counter packets 3 bytes 4 : 0x00000005 }")
    assert found == Element(mac(1), 5, 0, 3, 4) and found is not None and found.endless and found.lasts == elements.ENDLESS
    listed = {"nftables": [{"map": {"elem": [["02:00:00:00:00:01", 5]]}}]}
    [bare] = elements.parse_elements(listed)
    assert (bare.mac, bare.mark, bare.packets, bare.octets, bare.endless) == (mac(1), 5, 0, 0, True)
    last = {"nftables": [{"map": {"elem": [[{"elem": {"val": "02:00:00:00:00:01", "timeout": 9}}, 5]]}}]}
    assert [(one.seconds_left, one.endless) for one in elements.parse_elements(last)] == [(0, False)], "its last second"


def flags(*entries: object) -> dict[str, object]:
    return {"nftables": [{"metainfo": {}}, {"set": {"elem": list(entries)}}]}


def test_a_flag_is_read_over_its_interface_alone_and_stays_a_second_at_least() -> None:
    lan, other = ({"elem": {"val": name, "timeout": 50, "expires": left}} for name, left in (("br-lan", 40), ("br-other", 7)))
    assert elements.parse_flag(flags(other, lan), "br-lan") == 40
    assert elements.parse_flag(flags(other, lan)) == 7, "of any, where none is named"
    assert elements.parse_flag(flags(other), "br-lan") is None
    assert elements.parse_flag(flags("br-lan"), "br-lan") == elements.ENDLESS, "raised by a hand, without a time"
    for left in ({"expires": 0}, {}):
        assert elements.parse_flag(flags({"elem": {"val": "br-lan", "timeout": 50, **left}}), "br-lan") == 1
    assert elements.parse_flag(flags({"elem": {"val": "br-lan", "timeout": 50, "expires": 2}}), "br-lan") == 2


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("boot b-1", Stamp("b-1")), ("boot b-1 day 739000", Stamp("b-1", 739_000)), ("boot b-1 day 0", Stamp("b-1", 0)),
        ("boot b 1", None), ("boot ", None), ("boot b day", None), ("boot b day x", None), ("x boot b", None), ("", None),
        (f"boot {'b' * 64}", Stamp("b" * 64)), (f"boot {'b' * 65}", None), ("boot b day 12345678", None),
    ],
)  # fmt: skip
def test_a_stamp_is_read_as_it_was_written_and_nothing_else_is_one(comment: str, expected: Stamp | None) -> None:
    entry = {"elem": {"val": "br-lan", "comment": comment}}
    assert elements.parse_stamp(flags(entry), "br-lan") == expected
    assert elements.parse_stamp(flags(entry), "br-other") is None
    assert elements.parse_stamp(flags("br-lan", entry), "br-lan") == expected, "one without a comment is none of ours"


def test_what_was_spent_is_read_by_device_and_nothing_of_what_is_no_set() -> None:
    entry = {"elem": {"val": "02:00:00:00:00:01", "counter": {"packets": 0, "bytes": 77}}}
    assert elements.parse_spent(flags(entry)) == {mac(1): 77}
    assert elements.parse_spent({"nftables": [{"map": {"elem": [entry]}}]}) == {} == elements.parse_counted({})


def test_a_table_made_anew_gets_its_stamp_back_and_no_flag_that_has_fallen() -> None:
    listing = Listing(grace_left=0, stamp=Stamp("b-1", 7), spent={mac(1): 5})
    assert elements.restore_text(listing, "br-lan") == (
        elements.spend_text(mac(1), 5) + "\n" + elements.stamp_text(Stamp("b-1", 7), "br-lan") + "\n"
    )
    assert elements.restore_text(Listing(), "br-lan") == ""


def test_r10_a_counter_that_a_hand_left_out_ends_no_reading() -> None:
    """Before the mend, one element of another form made every look at the counters fail, and with it every page of "my share"."""
    whole = {"elem": {"val": 1, "counter": {"packets": 1, "bytes": 7}}}
    answer = {
        "nftables": [{"set": {"elem": [whole, 2, {"elem": {"val": 3}}, {"elem": {"val": 4, "comment": "x", "counter": None}}]}}]
    }
    assert elements.parse_counted(answer) == {1: 7, 2: 0, 3: 0, 4: 0}
    spent = {"nftables": [{"set": {"elem": ["02:00:00:00:00:01", {"elem": {"val": "02:00:00:00:00:02", "expires": 5}}]}}]}
    assert elements.parse_spent(spent) == {Mac("02:00:00:00:00:01"): 0, Mac("02:00:00:00:00:02"): 0}


def test_rules_stand_where_a_chain_has_one() -> None:
    assert elements.has_rules({"nftables": [{"metainfo": {}}, {"chain": {}}, {"rule": {}}]})
    assert not elements.has_rules({"nftables": [{"metainfo": {}}, {"chain": {}}]}) and not elements.has_rules({})

"""The text of commands and the reading of listings."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.gate import elements
from appliance.gate.elements import Element, Listing
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

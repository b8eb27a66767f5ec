"""What hostile callers may write."""

from __future__ import annotations

import ipaddress
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import BadInput, Refused
from appliance.gate import protocol
from appliance.gate.protocol import Request
from appliance.services import USERS

PORTAL, TELEMETRY, CONTENT = USERS["campbox-portal"], USERS["campbox-telemetry"], USERS["campbox-content"]
SELFTEST = USERS["campbox-selftest"]
ABOUT = ("admit", "dismiss", "status", "erase", "take-code")


@pytest.mark.parametrize("deed", ABOUT)
def test_the_portal_asks_about_devices_by_either_family(deed: str) -> None:
    for ip in ("10.44.0.9", "fd5c:a3b0:77::9"):
        line = json.dumps({"do": deed, "ip": ip}).encode()
        assert protocol.parse(line, PORTAL) == Request(deed, ipaddress.ip_address(ip))  # type: ignore[arg-type]


def test_a_mapped_address_is_its_ipv4_address() -> None:
    request = protocol.parse(b'{"do":"status","ip":"::ffff:10.44.0.9"}', PORTAL)
    assert request.ip == ipaddress.ip_address("10.44.0.9")


def test_the_portal_hands_on_what_was_typed_as_a_code() -> None:
    line = b'{"do":"enter-code","ip":"10.44.0.9","code":"0042 1234 5678"}'
    assert protocol.parse(line, PORTAL) == Request("enter-code", ipaddress.ip_address("10.44.0.9"), "0042 1234 5678")
    with pytest.raises(Refused):
        protocol.parse(line, CONTENT)


@pytest.mark.parametrize("uid", [PORTAL, TELEMETRY, CONTENT, SELFTEST])
def test_only_root_has_the_site_file_read_again(uid: int) -> None:
    assert protocol.parse(b'{"do":"reload"}', 0) == Request("reload")
    with pytest.raises(Refused):
        protocol.parse(b'{"do":"reload"}', uid)


@pytest.mark.parametrize("uid", [0, PORTAL, TELEMETRY, CONTENT, SELFTEST])
def test_facts_are_for_the_services(uid: int) -> None:
    assert protocol.parse(b'{"do":"facts"}', uid) == Request("facts")


@pytest.mark.parametrize("uid", [TELEMETRY, CONTENT, SELFTEST, 1_000, 65_534, USERS["campbox-front"]])
@pytest.mark.parametrize("deed", ABOUT)
def test_nobody_else_may_ask_about_devices(deed: str, uid: int) -> None:
    with pytest.raises(Refused):
        protocol.parse(json.dumps({"do": deed, "ip": "10.44.0.9"}).encode(), uid)


def test_a_stranger_may_not_even_ask_facts() -> None:
    with pytest.raises(Refused):
        protocol.parse(b'{"do":"facts"}', 1_000)


@pytest.mark.parametrize(
    "line",
    [
        b"", b"{}", b"[]", b"null", b"7", b'"admit"', b"{", b"\xff", b'{"do":"admit"}', b'{"do":"admit","ip":7}', b'{"do":7}',
        b'{"do":"admit","ip":"10.44.0.9","mac":"02:00:00:00:00:01"}', b'{"do":"facts","ip":"10.44.0.9"}', b'{"do":["admit"]}',
        b'{"do":"admit","ip":"fe80::1%eth0"}', b'{"do":"admit","ip":"10.44.0.9/20"}', b'{"do":"admit","ip":"camp.internal"}',
        b'{"do":"enter-code","ip":"10.44.0.9"}', b'{"do":"enter-code","ip":"10.44.0.9","code":7}',
        b'{"do":"enter-code","ip":"10.44.0.9","code":"' + b"1" * 300 + b'"}', b'{"do":"admit","ip":"10.44.0.9","code":"1"}',
        b"[" * 4_000, b'{"do":"facts"' + b" " * 5_000 + b"}", b'{"do":"format"}',
    ],
)  # fmt: skip
def test_anything_else_is_bad_input(line: bytes) -> None:
    with pytest.raises(BadInput):
        protocol.parse(line, 0)


@given(st.binary(max_size=5_000), st.integers(0, 2**32 - 1))
def test_no_bytes_do_harm(line: bytes, uid: int) -> None:
    try:
        protocol.parse(line, uid)
    except (BadInput, Refused) as error:
        assert protocol.refusal(error)["ok"] is False


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)
)


DEEDS, ADDRESSES = st.sampled_from([*ABOUT, "facts", "enter-code"]), st.sampled_from(["10.0.0.1", "fd5c:a3b0:77::9", "::1%eth0"])


@given(st.fixed_dictionaries({}, optional={"do": DEEDS | JSON, "ip": ADDRESSES | JSON, "x": JSON}))
def test_no_json_does_harm(untrusted: dict[str, object]) -> None:
    try:
        request = protocol.parse(json.dumps(untrusted).encode(), PORTAL)
    except (BadInput, Refused):
        return
    assert request.do in (*ABOUT, "enter-code", "facts")
    assert (request.ip is None) == (request.do == "facts")


def test_a_refusal_says_why_and_no_more() -> None:
    assert protocol.refusal(Refused("x")) == {"ok": False, "why": "not-allowed"}
    assert protocol.refusal(BadInput("x")) == {"ok": False, "why": "bad-request"}
    assert protocol.answer_line({"ok": True}) == b'{"ok":true}\n'

"""THE probe table: complete, consistent, and in step with the names the captive DNS server knows."""

from __future__ import annotations

from importlib.metadata import entry_points

import pytest

from appliance import names
from captive_portal.probes import NEVER_WHILE_CAPTIVE, PROBES, Probe, captive_answer, offline_answer

SYSTEMS = {"Apple", "Android", "Windows", "Firefox", "GNOME", "Ubuntu", "KDE", "Samsung", "Amazon", "Huawei", "Xiaomi"}


def test_every_system_people_carry_has_a_row() -> None:
    assert {probe.system for probe in PROBES} >= SYSTEMS


def test_a_host_has_one_row() -> None:
    assert len({probe.host for probe in PROBES}) == len(PROBES)


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.host)
def test_a_row_is_whole(probe: Probe) -> None:
    assert probe.source and bool(probe.answers) != bool(probe.dns)
    assert probe.host == probe.host.lower() and "." in probe.host
    for path, answer in probe.answers.items():
        assert path.startswith("/")
        assert (answer.status == 204) == (answer.body == b"" and answer.status != 302)
        assert answer.status != 200 or dict(answer.headers)["Content-Type"] in ("text/plain", "text/html")


@pytest.mark.parametrize(
    ("host", "path", "status", "body"),
    [
        ("captive.apple.com", "/hotspot-detect.html", 200,
         b"<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>\n"),
        ("connectivitycheck.gstatic.com", "/generate_204", 204, b""),
        ("www.google.com", "/gen_204", 204, b""),
        ("www.msftconnecttest.com", "/connecttest.txt", 200, b"Microsoft Connect Test"),
        ("www.msftncsi.com", "/ncsi.txt", 200, b"Microsoft NCSI"),
        ("detectportal.firefox.com", "/success.txt", 200, b"success\n"),
        ("detectportal.firefox.com", "/canonical.html", 200,
         b'<meta http-equiv="refresh" content="0;url=https://support.mozilla.org/kb/captive-portal"/>'),
    ],
)  # fmt: skip
def test_genuine_answers_byte_for_byte(host: str, path: str, status: int, body: bytes) -> None:
    [answer] = [probe.answers[path] for probe in PROBES if probe.host == host]
    assert (answer.status, answer.body) == (status, body)


def test_captive_and_offline_are_redirects_that_nobody_keeps() -> None:
    for answer, address in ((captive_answer("camp.internal"), "/"), (offline_answer("camp.internal"), "/offline")):
        headers = dict(answer.headers)
        assert answer.status == 302
        assert headers == {"Location": f"http://camp.internal{address}", "Cache-Control": "no-store"}


def test_no_genuine_answer_could_be_taken_for_the_captive_one() -> None:
    captive = dict(captive_answer("camp.internal").headers)["Location"]
    for probe in PROBES:
        for answer in probe.answers.values():
            assert answer.status != 302 or dict(answer.headers)["Location"] != captive


def test_the_captive_dns_server_knows_the_rows_that_are_names() -> None:
    [windows] = [probe for probe in PROBES if probe.dns]
    assert (windows.host, windows.dns) == (names.NCSI_NAME, names.NCSI_ADDRESSES)
    assert names.ABSENT == NEVER_WHILE_CAPTIVE


def test_others_find_the_rows_by_their_entry_point() -> None:
    [entry] = entry_points(group="campbox.probes")
    assert entry.load() is PROBES


def test_androids_question_by_https_is_a_row_and_every_such_path_has_its_answer() -> None:
    assert [(probe.host, probe.sealed) for probe in PROBES if probe.sealed] == [("www.google.com", ("/generate_204",))]
    assert all(path in probe.answers for probe in PROBES for path in probe.sealed)

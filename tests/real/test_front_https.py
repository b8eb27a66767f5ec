"""The front with a certificate: served under the public name alone, and broken handshakes are told to nobody."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator

import pytest

from provisioning.lab.pace import patient
from tests.real.certificate import put_certificate
from tests.real.front_place import LAN4, LAN6, PHONE4, PHONE6, Place, front_place, get

pytestmark = [
    pytest.mark.net,
    pytest.mark.front,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it makes network namespaces"),
]
NAME = "portal.example.org"
TLS_ASKER = """
import json, socket, ssl, sys
told = []
for to, name, path in json.load(sys.stdin):
    context = ssl.create_default_context(cadata=open(sys.argv[1]).read())
    try:
        with socket.create_connection((to, 443), timeout=30) as plain, context.wrap_socket(plain, server_hostname=name) as tls:
            tls.sendall(f"GET {path} HTTP/1.0\\r\\nHost: {name}\\r\\n\\r\\n".encode())
            data = b""
            while part := tls.recv(65536):
                data += part
            told.append(data.decode("latin-1"))
    except ssl.SSLError as error:
        told.append(error.reason)
json.dump(told, sys.stdout)
"""


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with front_place(("pages", "portal", "nginx"), api_name=NAME, before=put_certificate(NAME)) as running:
        yield running


def _ask(place: Place, *questions: tuple[str, str, str]) -> list[str]:
    done = place.phone.run(
        place.python, "-c", TLS_ASKER, str(place.layout.etc / "tls" / "cert.pem"), input=json.dumps(questions), timeout=patient(60)
    )
    answers: list[str] = json.loads(done.stdout)
    return answers


def test_the_portal_api_is_served_under_the_public_name_over_both_families(place: Place) -> None:
    for told in _ask(place, (LAN4, NAME, "/api/captive"), (LAN6, NAME, "/api/captive")):
        head, _, body = told.partition("\r\n\r\n")
        assert "200 OK" in head
        assert {"Content-Type: application/captive+json", "Cache-Control: private"} <= set(head.split("\r\n"))
        assert body == (
            f'{{"captive": true, "user-portal-url": "https://{NAME}/", "venue-info-url": "https://{NAME}/ar/services", '
            '"can-extend-session": true, "x-android-use-custom-tabs": 361335020}'
        )


def test_pages_come_over_https_too(place: Place) -> None:
    [told] = _ask(place, (LAN4, NAME, "/ar/"))
    assert "200 OK" in told and "</html>" in told


def test_a_stranger_name_gets_no_handshake(place: Place) -> None:
    [told] = _ask(place, (LAN4, "www.google.com", "/"))
    assert "UNRECOGNIZED_NAME" in told


def test_the_public_name_serves_pages_over_plain_http_as_well(place: Place) -> None:
    assert place.ask([get("/en/", host=NAME)])[0].status == 200


def test_broken_handshakes_name_nobody_in_the_log(place: Place) -> None:
    _ask(place, (LAN4, "www.google.com", "/"), (LAN6, "captive.apple.com", "/"))
    junk = ("GET / HTTP/1.0\r\n\r\n", "\x16\x03\x01\x00\x05hello")
    place.ask([{"to": to, "port": 443, "send": text} for to in (LAN4, LAN6) for text in junk])
    assert [word for word in (PHONE4, PHONE6) if word in place.logs()] == []


def test_r4_another_certificate_is_taken_into_use_while_people_are_served(place: Place) -> None:
    """Its owner puts one there that phones trust when the old one nears its end; nobody restarts a box for that."""
    pid = place.supervisor.pids()["nginx"]
    put_certificate(NAME)(place)
    deadline = time.monotonic() + patient(60)
    while "200 OK" not in (told := _ask(place, (LAN4, NAME, "/api/captive"))[0]):
        assert time.monotonic() < deadline, told
        place.supervisor.tick()
        time.sleep(0.2)
    assert place.supervisor.pids()["nginx"] == pid

"""The real front: every probe row byte for byte, any Host, any language with the portal dead, hostile input, silent logs."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from appliance.services import USERS
from appliance.web.headers import SECURITY_HEADERS
from appliance.web.languages import LANGUAGES
from captive_portal.front import OFFLINE_PORT
from captive_portal.front_site import PRERENDERED
from captive_portal.probes import PROBES, captive_answer, offline_answer
from tests.fakes.gate import CODE
from tests.real.front_place import LAN4, LAN6, PHONE4, PHONE6, Place, Reply, front_place, get, post
from tests.real.living_files import files_below

pytestmark = [
    pytest.mark.net,
    pytest.mark.front,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it makes network namespaces"),
]
SERVICES = ("pages", "portal", "nginx")
REDIRECT = "\r\n".join(
    (
        "<html>",
        "<head><title>302 Found</title></head>",
        "<body>",
        "<center><h1>302 Found</h1></center>",
        "<hr><center>nginx</center>",
    )
    + ("</body>", "</html>", "")
).encode()
SHOWN = f"{CODE[:4]} {CODE[4:8]} {CODE[8:]}".encode()
PLANTED = ("planted-agent-7391", "planted-search-7391", PHONE4, PHONE6)


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with front_place(SERVICES) as running:
        yield running


def _asked() -> list[tuple[str, str]]:
    return [(probe.host, path) for probe in PROBES for path in probe.answers]


@pytest.mark.parametrize("to", [LAN4, LAN6])
@pytest.mark.parametrize(
    ("port", "expected"), [(80, captive_answer("camp.internal")), (OFFLINE_PORT, offline_answer("camp.internal"))]
)
def test_every_probe_is_answered_byte_for_byte(place: Place, to: str, port: int, expected: object) -> None:
    assert len(_asked()) > 25
    replies = place.ask([get(path, host=host, to=to, port=port) for host, path in _asked()])
    for (host, path), reply in zip(_asked(), replies, strict=True):
        headers = dict(expected.headers)  # type: ignore[attr-defined]
        assert reply.status == 302, (host, path)
        assert reply.headers["location"] == headers["Location"], (host, path)
        assert reply.headers["cache-control"] == "no-store", (host, path)
        assert reply.body == REDIRECT, (host, path)


OWN = [
    "camp.internal", "CAMP.internal", "camp.internal:80", "camp.internal.", LAN4, f"{LAN4}:80", f"[{LAN6}]", "127.0.0.1:54321",
    "localhost:8080",
]  # fmt: skip


@pytest.mark.parametrize("host", OWN)
@pytest.mark.parametrize("port", [80, OFFLINE_PORT])
def test_the_sites_own_names_give_pages(place: Place, host: str, port: int) -> None:
    reply = place.ask([get("/en/", host=host, port=port)])[0]
    assert reply.status == 200 and b"Free internet for everyone" in reply.body


FOREIGN = [
    "evil.example", "camp.internal.evil.example", "evil.example/camp.internal", "10.44.0.2", "198.51.100.1", "", "-",
    "camp.internal, evil", "[fd5c::2]",
]  # fmt: skip


@pytest.mark.parametrize(
    "path", ["/", "/en/", "/en/you", "/en/services", "/api/captive", "/static/style.css", "/status.json", "/%2e%2e/"]
)
def test_a_foreign_host_never_sees_content(place: Place, path: str) -> None:
    for host, reply in zip(FOREIGN, place.ask([get(path, host=host) for host in FOREIGN]), strict=True):
        assert reply.status in (302, 400), host
        assert reply.status == 400 or reply.headers["location"] == "http://camp.internal/", host
        assert b"Free internet" not in reply.body and b"captive" not in reply.body, host


def test_a_page_from_the_front_and_one_from_the_portal_carry_the_strict_headers(place: Place) -> None:
    for reply in place.ask([get("/ar/"), get("/ar/you"), get("/"), get("/ar/resting")]):
        for name, value in SECURITY_HEADERS.items():
            assert reply.headers[name.lower()] == value


def test_the_first_address_leads_to_the_readers_language(place: Place) -> None:
    wishes = {"ar-SY,ar;q=0.9": "/ar/", "prs": "/fa-AF/", "am,fr;q=0.5": "/fr/", "ku-IQ": "/ckb/", "ku-TR": "/ku/", "EN-gb": "/en/"}
    for wish, reply in zip(wishes, place.ask([get("/", {"Accept-Language": wish}) for wish in wishes]), strict=True):
        assert (reply.status, reply.headers["location"]) == (302, wishes[wish])
        assert reply.headers["vary"] == "Accept-Language" and reply.headers["cache-control"] == "no-store"
    weighed = {"en;q=0.1, ar;q=0.9": "/ar/", "fr;q=0.3, en;q=0.8": "/en/", "am, *;q=0.5": "/ar/", "en;q=0.2,uk": "/uk/"}
    for wish, reply in zip(weighed, place.ask([get("/", {"Accept-Language": wish}) for wish in weighed]), strict=True):
        assert (reply.status, reply.headers["location"]) == (302, weighed[wish])
    assert place.one("/terms", {"Accept-Language": "en;q=0.1, ar;q=0.9"}).headers["location"] == "/ar/terms"
    assert place.one("/", {"Accept-Language": "en;q=0.1, ar;q=0.9", "Cookie": "language=uk"}).headers["location"] == "/uk/"
    assert place.one("/weighed/", {}).status == 404, "nobody's own address"
    kept = place.one("/uk/").headers["set-cookie"].split(";")[0]
    assert kept == "language=uk"
    for cookie, leads in ((kept, "/uk/"), ("a=b; language=fa-AF", "/fa-AF/"), ("language=..", "/fr/"), ("language=xx", "/fr/")):
        assert place.one("/", {"Accept-Language": "fr", "Cookie": cookie}).headers["location"] == leads
    choice = place.one("/", {"Accept-Language": "am"})
    assert choice.status == 200 and all(language.own_name.encode() in choice.body for language in LANGUAGES)
    assert place.one("/offline", {"Accept-Language": "am"}).headers["location"] == "/ar/offline"


def test_one_tap_and_the_state_follows(place: Place) -> None:
    tap = post("/en/connect", {"Origin": "http://camp.internal"})
    assert b"Not connected" in place.one("/en/you").body
    reply = place.ask([tap])[0]
    assert (reply.status, reply.headers["location"]) == (303, "/en/connected")
    assert b"You are connected" in place.one("/en/connected").body
    assert place.gate.state == {PHONE4: "admitted"}


def test_a_code_is_taken_and_entered_and_stands_in_no_file(place: Place) -> None:
    place.ask([post("/en/connect")])
    taken = place.ask([post("/en/code/take")])[0]
    assert SHOWN in taken.body and taken.headers["cache-control"] == "no-store"
    typed = f"code={CODE[:4]}+{CODE[4:]}"
    asked = post("/en/code", {"Content-Type": "application/x-www-form-urlencoded"}, len(typed))
    for address in (LAN4, LAN6):
        entered = place.ask([{**asked, "to": address, "send": f"{asked['send']}{typed}"}])[0]
        assert (entered.status, entered.headers["location"]) == (303, "/en/connected")
    assert [(one["ip"], one["code"]) for one in place.gate.asked if one["do"] == "enter-code"] == [
        (PHONE4, f"{CODE[:4]} {CODE[4:]}"),
        (PHONE6, f"{CODE[:4]} {CODE[4:]}"),
    ]
    assert [path for path, content in files_below(place.layout.run.parent) if SHOWN in content] == []


def test_the_gate_hears_the_true_address_whatever_the_phone_says(place: Place) -> None:
    lies = {"X-Real-IP": "10.44.0.66", "X-Forwarded-For": "10.44.0.66", "Forwarded": "for=10.44.0.66"}
    before = len(place.gate.asked)
    place.ask([get("/en/you", lies), get("/en/you", lies, to=LAN6, host=f"[{LAN6}]")])
    assert [request["ip"] for request in place.gate.asked[before:]] == [PHONE4, PHONE6]


def test_style_is_kept_and_nothing_else_below_it_can_be_reached(place: Place) -> None:
    style = place.one("/static/style.css?abc")
    assert style.status == 200 and "immutable" in style.headers["cache-control"] and style.headers["content-type"] == "text/css"
    tricks = (
        "/static/../templates/base.html", "/static/%2e%2e/dress.py", "/static/..%2fdress.py", "/static//../../config.py",
        "/static/portal/../../app.py",
    )  # fmt: skip
    for trick, reply in zip(tricks, place.ask([get(trick) for trick in tricks]), strict=True):
        assert reply.status in (400, 404), trick


def test_a_neighbour_box_finds_what_this_one_has_verified_and_nothing_beside_it(place: Place) -> None:
    content, uid = place.layout.service_data("content"), USERS["campbox-content"]
    file = content / "repository" / "metadata" / "timestamp.json"
    file.parent.mkdir(parents=True)
    (content / "sync.json").write_text("{}")
    file.write_text('{"signed": 1}')
    file.chmod(0o640)
    for path in (content, content / "repository", file.parent, file):
        os.chown(path, uid, uid)
    content.chmod(0o750)
    reply = place.ask([get("/repository/metadata/timestamp.json", to=LAN4, host=LAN4)])[0]
    assert (reply.status, reply.body) == (200, b'{"signed": 1}') and "etag" in reply.headers
    for beside in ("", "../sync.json", "..%2fsync.json", "../../identity/key.pem", "metadata/"):
        assert place.ask([get(f"/repository/{beside}", host=LAN4)])[0].status in (301, 302, 400, 403, 404), beside


def _raw(*lines: str) -> dict[str, object]:
    return {"to": LAN4, "port": 80, "send": "\r\n".join((*lines, "", ""))}


def _hostile() -> list[dict[str, object]]:
    site, form = "Host: camp.internal", "POST /en/connect HTTP/1.1"
    return [
        get("/en/you", {"Cookie": "x" * 9_000}),
        get("/en/" + "x" * 9_000),
        _raw("GET /en/you HTTP/1.1", site, *(f"X-{n}: {'y' * 4000}" for n in range(20))),
        post("/en/connect", length=10_000_000),
        _raw(form, site, "Content-Length: 5", "Transfer-Encoding: chunked", "", "0"),
        _raw(form, site, "Content-Length: 5", "Content-Length: 6", "", "abcde"),
        _raw("GET /en/you HTTP/1.1", site, "Host: evil.example"),
        _raw("GET /en/you HTTP/1.1"),
        _raw("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
        _raw("GET /\x00en HTTP/1.1", site),
        get("/en/you", method="TRACE"),
        get("/en/you", method="PROPFIND"),
    ]


def test_oversize_and_smuggled_requests_are_clean_refusals_that_reach_nobody(place: Place) -> None:
    before = len(place.gate.asked)
    replies = place.ask(_hostile())
    assert [reply.status for reply in replies if not 400 <= reply.status < 500] == []
    assert len(place.gate.asked) == before
    assert place.one("/en/").status == 200


def test_a_10_mb_form_is_refused(place: Place) -> None:
    request = post("/en/connect", length=10_000_000)
    request["send"] = str(request["send"]) + "x" * 10_000_000
    assert place.ask([request])[0].status == 413


def test_an_unfinished_catalogue_rests_in_the_readers_language(place: Place) -> None:
    replies = place.ask([get("/fr/services"), get("/hsds/services", {"Accept-Language": "ar"}), get("/ar/services/x?q=1")])
    for words, reply in zip(("se repose", "متوقف", "متوقف"), replies, strict=True):
        assert reply.status == 503 and words.encode() in reply.body and reply.headers["retry-after"] == "10"


def test_a_dead_portal_welcomes_everyone_in_every_language_before_any_visit_and_no_log_names_anybody() -> None:
    with front_place(SERVICES) as place:
        place.kill("portal")
        wishes = [language.tag for language in LANGUAGES] + ["am", "*", "", "uk-UA;q=0.1,@@@", "en;q=0.1,ar"]
        for reply in place.ask([get("/", {"Accept-Language": wish}) for wish in wishes]):
            assert reply.status in (200, 302)
        _welcomes(place)
        _rests(place)
        place.layout.socket("portal").unlink(missing_ok=True)
        _rests(place)
        place.ask(_hostile())
        place.stop()
        assert [word for word in PLANTED if word in place.logs()] == []
        assert "Traceback" not in place.logs()


def test_the_scan_of_the_logs_finds_a_front_that_talks() -> None:
    with front_place(("pages", "nginx")) as place:
        path = place.layout.conf / "nginx.conf"
        path.write_text(path.read_text().replace("error_log stderr emerg;", "error_log stderr error;"))
        place.kill("nginx")
        place.restart("nginx")
        _rests(place)
        place.stop()
        assert [word for word in PLANTED if word in place.logs()] == list(PLANTED[1:])


def _welcomes(place: Place) -> None:
    pages = [f"/{language.tag}/{page}" for language in LANGUAGES for page in PRERENDERED]
    for page, reply in zip(pages, place.ask([get(page) for page in pages]), strict=True):
        assert reply.status == 200 and b"</html>" in reply.body, page


def _rests(place: Place) -> None:
    told = {"User-Agent": PLANTED[0], "Referer": f"http://camp.internal/en/services?q={PLANTED[1]}"}
    replies: list[Reply] = place.ask(
        [
            get("/en/you", told),
            get(f"/en/services?q={PLANTED[1]}", told),
            post("/en/connect", told),
            get("/ar/share", told, to=LAN6, host=f"[{LAN6}]"),
        ]
    )
    assert [reply.status for reply in replies] == [503, 503, 503, 503]
    assert all("متوقف".encode() in reply.body or b"resting" in reply.body for reply in replies)


def test_slow_phones_do_not_block_others(place: Place) -> None:
    script = (
        "import socket,sys\n"
        f"held=[socket.create_connection(({LAN4!r},80)) for _ in range(500)]\n"
        "[s.sendall(b'GET /en/ HTTP/1.1\\r\\nHost: camp.internal\\r\\n') for s in held]\n"
        f"s=socket.create_connection(({LAN4!r},80)); s.sendall(b'GET /en/ HTTP/1.0\\r\\nHost: camp.internal\\r\\n\\r\\n')\n"
        "print(s.recv(20).decode())\n"
    )
    assert "200" in place.phone.run(place.python, "-c", script).stdout

"""Whatever arrives at the portal's forms, at the choice of a language and at the gate's socket: an answer, never a fault."""

from __future__ import annotations

import inspect
import io
import json
import selectors
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import run_wsgi_app

from appliance.errors import BadInput, Refused
from appliance.gate import protocol
from appliance.gate.socket import Asked, SocketServer, _Caller
from appliance.services import USERS
from appliance.web.languages import LANGUAGES, choose
from captive_portal.app import create_app
from captive_portal.forged import forged
from tests.captive_portal.site import LAYOUT, with_codes
from tests.fakes.gate import FakeGate
from tests.fuzz import TARGETS, fuzzed

GATE = FakeGate()
PORTAL = create_app(with_codes(), LAYOUT, lambda request: GATE(request))
PHONE = "10.44.0.9"
RULES = sorted({rule.rule for rule in PORTAL.url_map.iter_rules()})
TAGS = [language.tag for language in LANGUAGES]
LATIN = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=60)
"""What nginx passes on and WSGI carries (PEP 3333: latin-1)."""


def _header(*likely: str) -> st.SearchStrategy[str | None]:
    return st.none() | st.sampled_from(likely) | LATIN


ORIGINS = (
    st.text(st.sampled_from("htp:/[]@%.1\\#?") | st.sampled_from("camp.internal"), max_size=12).map(lambda rest: f"http://{rest}")
    | LATIN
)
FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
PATHS = st.one_of(
    st.tuples(st.sampled_from(RULES), st.sampled_from(TAGS), LATIN).map(lambda t: t[0].replace("<lang>", t[1]) + t[2]),
    st.tuples(st.sampled_from(RULES), st.sampled_from(TAGS)).map(lambda t: t[0].replace("<lang>", t[1])),
    LATIN.map(lambda text: f"/{text}"),
)
PIECES = st.sampled_from(
    [b"a", b"=", b"&", b"%", b"%ff", b"%00", b"\xff", b"\0", b"code", b"--x\r\n", b"\r\n\r\n", b";", b'name="code"', b"+"]
)
BODIES = st.one_of(st.binary(max_size=300), st.lists(PIECES, max_size=60).map(b"".join))
ASKED = st.fixed_dictionaries(
    {
        "REQUEST_METHOD": st.sampled_from(["GET", "POST", "HEAD", "PUT", "OPTIONS"]),
        "PATH_INFO": PATHS,
        "QUERY_STRING": LATIN,
        "HTTP_HOST": st.sampled_from(["camp.internal", "10.44.0.1", "[fd5c:a3b0:77::1]", "localhost:8080"]),
        "HTTP_X_REAL_IP": st.sampled_from([PHONE, "fd5c:a3b0:77::9"]),
        "HTTP_ACCEPT_LANGUAGE": _header("ar", "fa-AF;q=0.5, en"),
        "HTTP_ORIGIN": _header("http://camp.internal", "null") | ORIGINS,
        "HTTP_SEC_FETCH_SITE": _header("same-origin", "cross-site"),
        "HTTP_ACCEPT": _header("application/captive+json", "*/*"),
        "HTTP_COOKIE": _header("language=ar", "a=b; c"),
        "HTTP_IF_NONE_MATCH": _header("*", '"x"'),
        "HTTP_RANGE": _header("bytes=0-1", "bytes=-1,5-"),
        "HTTP_X_FORWARDED_PROTO": st.sampled_from(["http", "https"]),
        "CONTENT_TYPE": _header(FORM, MULTIPART, f"{FORM}; charset=utf-7"),
    }
)


@fuzzed
@given(ASKED, BODIES)
def test_no_request_makes_the_portal_fail_and_only_a_tap_admits(asked: dict[str, str | None], body: bytes) -> None:
    GATE.asked.clear()
    environ: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    environ |= {"SCRIPT_NAME": "", "SERVER_NAME": "camp.internal", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1"}
    environ |= {"wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body), "wsgi.errors": sys.stderr}
    environ |= {"wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False, "CONTENT_LENGTH": str(len(body))}
    answer, status, headers = run_wsgi_app(PORTAL, environ, buffered=True)
    page = b"".join(answer)
    rests = asked["PATH_INFO"] is not None and asked["PATH_INFO"].rstrip("/").endswith("/resting")
    assert int(status[:3]) < 500 or rests and status.startswith("503"), page[:300]
    assert asked["REQUEST_METHOD"] == "POST" or not [one for one in GATE.asked if one["do"] in ("admit", "erase", "dismiss")]
    assert {one["ip"] for one in GATE.asked if "ip" in one} <= {asked["HTTP_X_REAL_IP"]}
    leads = headers.get("Location", "/")
    assert leads.startswith("/") and leads[1:2] not in ("/", "\\") or leads.startswith(f"http://{asked['HTTP_HOST']}/"), leads


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(["admit", "facts", PHONE]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["do", "ip", "x"]) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=10,
)
LINES = st.one_of(
    st.binary(max_size=200),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.tuples(st.sampled_from(["admit", "status", "facts", "erase"]), st.text(max_size=50)).map(
        lambda t: json.dumps({"do": t[0], "ip": t[1]}).encode()
    ),
    st.sampled_from(
        [b'{"do":"facts"}', b'{"do":"admit","ip":"10.44.0.9"}', b"[" * 5_000, b"9" * 5_000, b'{"do":"facts","do":"admit"}']
    ),
)
CALLERS = st.sampled_from([0, 1_000, *USERS.values()])


@fuzzed
@given(LINES, CALLERS)
def test_a_line_at_the_gates_socket_is_a_request_or_a_refusal(line: bytes, uid: int) -> None:
    try:
        request = protocol.parse(line, uid)
    except (BadInput, Refused) as error:
        assert protocol.refusal(error)["ok"] is False
    else:
        assert (request.ip is None) is (request.do == "facts") and uid in (0, *USERS.values())


class _Connection:
    """The caller's side: what it sends, in pieces as they come, and what it got."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces, self.got, self.open = list(pieces), b"", True

    def fileno(self) -> int:
        return 7

    def recv(self, most: int) -> bytes:
        if not self.pieces:
            return b""
        first = self.pieces.pop(0)
        if first[most:]:
            self.pieces.insert(0, first[most:])
        return first[:most]

    def send(self, data: bytes) -> int:
        self.got += data
        return len(data)

    def close(self) -> None:
        self.open = False


@fuzzed
@given(st.lists(st.binary(max_size=40) | st.just(b"\n") | st.just(b"ab\ncd\n"), max_size=12), st.integers(1, 30))
def test_how_lines_are_cut_into_pieces_changes_no_answer(pieces: list[bytes], limit: int) -> None:
    pieces = [piece for piece in pieces if piece]
    server: Any = object.__new__(SocketServer)
    heard = list[bytes]()
    server._answers, server._limit, server._callers, server._heard = _answering(heard), limit, {}, {}
    server._selector = SimpleNamespace(modify=lambda *_: None, unregister=lambda _: None)
    connection: Any = _Connection(pieces)
    caller = _Caller(connection, 0, 0.0)
    server._callers[7] = caller
    while connection.open:
        server._attend(caller, selectors.EVENT_READ)
        server._answer_heard()
        assert len(caller.line) <= limit or not connection.open, "nothing grows beyond the limit"
    *whole, _ = b"".join(pieces).split(b"\n")
    assert connection.got == b"".join(b"%d\n" % len(line) for line in heard)
    assert heard == whole[: len(heard)] or heard[:-1] == whole[: len(heard) - 1] and len(heard[-1]) > limit
    assert len(heard) >= len(list(_before_the_first_long(whole, limit))) and server._callers == {}


def _answering(heard: list[bytes]) -> Callable[[Asked], Iterator[bytes]]:
    def answers(asked: Asked) -> Iterator[bytes]:
        for line, _ in asked:
            heard.append(line)
            yield b"%d\n" % len(line)

    return answers


def _before_the_first_long(lines: list[bytes], limit: int) -> Iterator[bytes]:
    for line in lines:
        if len(line) > limit:
            return
        yield line


RANGES = st.sampled_from(["ar", "fa-AF", "EN", "*", "x" * 9, "-", "en-Latn-x-a-b-c"]) | LATIN
WEIGHTS = st.sampled_from(["", ";q=0", ";q=1", "; q = 0.5", ";q=", ";q=1e9", ";q=0.0000", ";q=-1", ";Q=.5"]) | LATIN


@fuzzed
@given(st.lists(st.tuples(RANGES, WEIGHTS).map("".join), max_size=40).map(",".join), st.sets(st.sampled_from(LANGUAGES)))
def test_any_wish_for_a_language_is_met_with_an_offered_one_or_none(header: str, known: set[Any]) -> None:
    offered = tuple(language for language in LANGUAGES if language in known)
    assert choose(header, offered) in (None, *offered)


SITES = st.sampled_from([None, "same-origin", "none"]) | LATIN


@fuzzed
@given(ORIGINS, SITES, ORIGINS.map(lambda one: one.removeprefix("http://")), st.booleans())
def test_any_origin_is_of_one_host_at_most_and_of_none_where_the_site_is_another(
    origin: str, site: str | None, host: str, own: bool
) -> None:
    asked = origin.removeprefix("http://") if own else host
    assert forged(origin, site, asked) or site in (None, "same-origin", "none")
    assert forged(origin, site, asked) or forged(origin, site, "evil.example")
    assert forged(origin, "cross-site", asked)


def test_the_minutes_are_shared_by_all_of_them() -> None:
    module = sys.modules[__name__]
    assert len([one for name, one in inspect.getmembers(module, inspect.isfunction) if one.__code__.co_name == "rounds"]) == TARGETS

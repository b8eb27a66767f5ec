"""P THE table of what a hostile phone may send to the front: a name, the bytes, and which answers are right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

OWN, PORT = "camp.internal", 80
REFUSED = range(400, 500)
"""A clean "no"."""
AWAY = range(300, 400)
"""Led away, to the portal's own address."""
SERVED = range(200, 300)
UNKNOWN = (range(501, 502), range(505, 506))
"""What RFC 9112 section 6.1 and RFC 9110 section 15.6.6 ask for by name: an unknown transfer coding, an unknown version."""


@dataclass(frozen=True)
class Row:
    """One request. ``right`` are the statuses that are right; ``asks`` says that the gate may hear of it."""

    name: str
    raw: bytes
    right: tuple[range, ...] = (REFUSED,)
    asks: bool = False

    def request(self, to: str) -> dict[str, object]:
        """For the asker."""
        return {"to": to, "port": PORT, "send": self.raw.decode("latin-1")}


def message(line: str, *headers: str | bytes, body: bytes = b"", host: str | None = OWN, close: bool = True) -> bytes:
    """A request from its first line on; header lines as they are, hostile bytes included."""
    lines: list[bytes] = [line.encode("latin-1"), *([f"Host: {host}".encode()] if host is not None else [])]
    lines += [header if isinstance(header, bytes) else header.encode("latin-1") for header in headers]
    return b"\r\n".join([*lines, *([b"Connection: close"] if close else []), b"", b""]) + body


GET, TAP = "GET /en/you HTTP/1.1", "POST /en/connect HTTP/1.1"


def _form(body: bytes, *headers: str | bytes) -> bytes:
    return message(TAP, f"Content-Length: {len(body)}", *headers, body=body)


def _sizes() -> Iterable[Row]:
    yield Row("a cookie of 9 kB", message(GET, f"Cookie: {'x' * 9_000}"))
    yield Row("200 kB of cookie", message(GET, f"Cookie: {'x' * 200_000}"))
    yield Row("an address of 9 kB", message(f"GET /en/{'x' * 9_000} HTTP/1.1"))
    yield Row("an address of 7 kB", message(f"GET /en/{'x' * 7_000} HTTP/1.1"))
    yield Row("a query of 9 kB", message(f"GET /en/you?{'x' * 9_000} HTTP/1.1"))
    yield Row("20 headers of 4 kB", message(GET, *(f"X-{n}: {'y' * 4_000}" for n in range(20))))
    yield Row("300 headers", message(GET, *(f"X-planted-{n}: planted" for n in range(300))))
    yield Row("4000 headers", message(GET, *(f"X-{n}: y" for n in range(4_000))))
    yield Row("a header name of 20 kB", message(GET, f"{'X' * 20_000}: y"))
    yield Row("a host of 5 kB", message(GET, host="x" * 5_000), (REFUSED, AWAY))
    yield Row("10 MB promised", message(TAP, "Content-Length: 10000000"))
    yield Row("10 MB sent", message(TAP, "Content-Length: 10000000", body=b"x" * 10_000_000))
    yield Row("10 MB in chunks", message(TAP, "Transfer-Encoding: chunked", body=(b"10000\r\n" + b"x" * 65_536 + b"\r\n") * 160))
    yield Row("17 kB in one field", _form(b"a=" + b"x" * 17_000, "Content-Type: application/x-www-form-urlencoded"))
    yield Row("a length no computer counts", message(TAP, f"Content-Length: {'9' * 30}"))
    yield Row("a chunk no computer counts", message(TAP, "Transfer-Encoding: chunked", body=b"f" * 20 + b"\r\n"))


FOREIGN = (
    "evil.example", "camp.internal.evil.example", "evil.example/camp.internal", "camp.internal@evil.example",
    "evil.example#camp.internal",
    "camp.internal:80@evil.example", "camp.internal evil.example", "camp.internal,evil.example", "camp.internal\\.evil.example",
    "camp.internal%00.evil.example", "xn--cmp-fla.internal", "camp\u00a0.internal", "10.44.0.2", "0x0a2c0001", "168558593",
    "[::ffff:10.44.0.1]",
    "[fd5c::2]", "[", "..", "-", "", "*", "_", "pages", "portal", "captive.apple.com.evil.example",
)  # fmt: skip


def _hosts() -> Iterable[Row]:
    """Under another name there is no content, whatever else the request says: a page of that name may read what it fetches."""
    own = f"X-Forwarded-Host: {OWN}"
    for host in FOREIGN:
        for page in ("/en/", "/en/you", "/api/captive", "/status.json"):
            yield Row(f"the host {host!r} at {page}", message(f"GET {page} HTTP/1.1", own, host=host), (REFUSED, AWAY))
        yield Row(f"a tap for the host {host!r}", message(TAP, "Content-Length: 0", own, host=host), (REFUSED, AWAY))
    yield Row("no host", message(GET, host=None))
    yield Row("two hosts", message(GET, "Host: evil.example"))
    yield Row("two hosts, the other way round", message(GET, f"Host: {OWN}", host="evil.example"))
    yield Row("a foreign whole address", message("GET http://evil.example/en/you HTTP/1.1"), (REFUSED, AWAY))
    yield Row(
        "a foreign whole address with a name in it", message(f"GET http://{OWN}@evil.example/en/you HTTP/1.1"), (REFUSED, AWAY)
    )
    yield Row("another scheme", message(f"GET file://{OWN}/etc/passwd HTTP/1.1"))


def _smuggling() -> Iterable[Row]:
    both = ("Content-Length: 5", "Transfer-Encoding: chunked")
    inner = b"0\r\n\r\n" + message("GET /en/share HTTP/1.1")
    yield Row("length and chunks", message(TAP, *both, body=inner))
    yield Row("chunks and length", message(TAP, *reversed(both), body=inner))
    yield Row("two lengths", message(TAP, "Content-Length: 5", "Content-Length: 6", body=b"abcde"))
    yield Row("two equal lengths", message(TAP, "Content-Length: 5", "Content-Length: 5", body=b"abcde"))
    yield Row("a list of lengths", message(TAP, "Content-Length: 5, 5", body=b"abcde"))
    for length in ("-1", "+5", "0x5", "5 5", "", "5\t;", "\xb2"):
        yield Row(f"a length of {length!r}", message(TAP, f"Content-Length: {length}", body=b"abcde"))
    for encoding in ("xchunked", "chunked, identity", "identity", "gzip, chunked", "\x0bchunked", "chunked;q=1", "chunked\x00"):
        yield Row(f"an encoding of {encoding!r}", message(TAP, f"Transfer-Encoding: {encoding}", body=inner), (REFUSED, *UNKNOWN))
    yield Row("two encodings", message(TAP, "Transfer-Encoding: chunked", "Transfer-Encoding: x", body=inner))
    yield Row("chunks in HTTP 1.0", message("POST /en/connect HTTP/1.0", "Transfer-Encoding: chunked", body=inner))
    yield Row("a space before the colon", message(TAP, "Content-Length : 5", body=b"abcde"))
    yield Row("a space before the colon of chunks", message(TAP, "Transfer-Encoding : chunked", body=inner))
    yield Row("a folded header", message(GET, "X-A: b", " folded: c"))
    yield Row("a folded encoding", message(TAP, "Content-Length: 0", "X: y", " Transfer-Encoding: chunked"))
    yield Row("a bare CR in a header", message(GET, b"X-A: b\rContent-Length: 5"))
    yield Row("a NUL in a header", message(GET, b"X-A: b\0c"))
    yield Row("a NUL in a name", message(GET, b"X-\0A: b"))
    yield Row("a NUL in the address", message("GET /en/\0you HTTP/1.1"))
    yield Row("a header without a colon", message(GET, "X-A"), (REFUSED, SERVED), asks=True)
    yield Row("a header without a name", message(GET, ": b"))
    yield Row("chunks that lie", message(TAP, "Transfer-Encoding: chunked", body=b"3\r\nabcdef\r\n0\r\n\r\n"))
    yield Row("chunks of nonsense", message(TAP, "Transfer-Encoding: chunked", body=b"zz\r\n\r\n"))
    yield Row("TLS to the plain port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
    yield Row("HTTP/2 without asking", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    yield Row("a version of the future", message("GET /en/you HTTP/9.9"), UNKNOWN)
    yield Row("no version and a header", message("GET /en/you HTTP/"))
    yield Row("nothing but noise", b"\xff\xfe\xfd\r\n\r\n")


def _methods() -> Iterable[Row]:
    for method in (
        "TRACE",
        "CONNECT",
        "OPTIONS",
        "PUT",
        "DELETE",
        "PATCH",
        "PROPFIND",
        "get",
        "GE\0T",
        "POSTPOSTPOST",
        "",
        "A" * 500,
    ):
        yield Row(f"the method {method[:20]!r}", message(f"{method} /en/you HTTP/1.1"))
    yield Row("options of everything", message("OPTIONS * HTTP/1.1"))
    yield Row("a tunnel", message("CONNECT example.org:443 HTTP/1.1"))
    for page in ("/", "/en/", "/en/you", "/en/share", "/en/emergency", "/static/style.css", "/api/captive", "/status.json", "/x"):
        yield Row(f"a form to {page}", message(f"POST {page} HTTP/1.1", "Content-Length: 3", body=b"a=b"))
    yield Row("a form without a length", message(TAP), (REFUSED, AWAY), asks=True)
    yield Row("a page with a body", message(GET, "Content-Length: 3", body=b"abc"), (REFUSED, SERVED), asks=True)


def _paths() -> Iterable[Row]:
    for path in (
        "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/en/..%2f..%2f..%2fetc%2fpasswd", "/static/..%2fdress.py",
        "/../etc/passwd",
        "/static/%2e%2e/dress.py", "/static/..%5cdress.py", "/en/%00", "/%00", "/en/you%00.html", "/static/style.css%00",
        "/en/%ff%fe",
        "/%ff/", "/en/%ed%a0%80", "/en/%c0%ae%c0%ae/", "/en/%zz", "/%", "/en/you;a=b", "/en/you%0d%0aSet-Cookie:%20a=b",
        "/%0d%0aLocation:%20http://evil.example/", "/\\evil.example/en/", "/%5cevil.example/", "/en/you/", "/en/index.html",
        "/resting",
        "/ar/index.html.gz", "/en/resting.html", "/.git/config", "/en/.%2e/%2e./status.json%00", "x", "//..//..//etc/passwd",
        "/static/portal/", "/static/portal/../../app.py", "/EN/you", "/en/" + "a/" * 3_000, "/en/" + "%2e%2e/" * 900,
    ):  # fmt: skip
        yield Row(f"the address {path[:50]!r}", message(f"GET {path} HTTP/1.1"))
    for path in (
        "//evil.example/", "//evil.example/en/..", "///evil.example", "/%2fevil.example/", "//evil.example/%2e%2e",
        "/en//evil.example",
        "/offline//evil.example", "//emergency", "/emergency?//evil.example", "/?next=//evil.example", "/en//you",
    ):  # fmt: skip
        yield Row(f"away by {path!r}", message(f"GET {path} HTTP/1.1"), (REFUSED, AWAY, SERVED), asks=True)


def _languages() -> Iterable[Row]:
    hostile: tuple[bytes, ...] = (
        b"", b",", b";q=1", b"en;q=", b"en;q=1e400", b"en;q=-1", b"en;q=nan", b"*;q=0", b"\xff\xfe", "عربي".encode(),
        b"en" * 3_000, b"en," * 1_500,
        b"a-" * 2_000, b"en;q=0." + b"9" * 3_000, b"../../etc", b"%s%n{0}", b"en\tfr", b"-", b"en-", b"x" * 9, b"en;" * 900,
        b"(((((", b"$chosen",
    )  # fmt: skip
    for value in hostile:
        for page in ("/", "/en/you", "/offline"):
            row = message(f"GET {page} HTTP/1.1", b"Accept-Language: " + value)
            yield Row(f"the languages {value[:20]!r} at {page}", row, (SERVED, AWAY), asks=True)
    yield Row("two headers of languages", message(GET, "Accept-Language: ar", "Accept-Language: fr"), (SERVED,), asks=True)


def _forms() -> Iterable[Row]:
    kind, done = "Content-Type: application/x-www-form-urlencoded", (REFUSED, AWAY)
    for body in (
        b"\xff\xfe=\xfd",
        b"a=%ff%fe",
        b"a=%zz&%",
        b"&" * 15_000,
        b"a=1&" * 4_000,
        b"\0" * 100,
        b"=" * 16_000,
        b"a[" * 5_000,
    ):
        yield Row(f"the form {body[:12]!r}", _form(body, kind), done, asks=True)
    for other in (
        "application/json", "multipart/form-data", "multipart/form-data; boundary=", f"multipart/form-data; boundary={'x' * 5_000}",
        "application/x-www-form-urlencoded; charset=utf-7", "application/x-www-form-urlencoded; charset=no-such",
        "text/plain\xff", ";;;", "",
    ):  # fmt: skip
        yield Row(f"a form of kind {other[:50]!r}", _form(b"--x\r\n\xff\xfe", f"Content-Type: {other}"), done, asks=True)
    for origin in (
        "null",
        "http://evil.example",
        "http://[",
        "http://camp.internal.evil.example",
        "\xff",
        "",
        "http://camp.internal@evil.example",
    ):
        yield Row(f"a form from {origin!r}", _form(b"", f"Origin: {origin}"))
    for site in ("cross-site", "same-site", "", "\xff", "SAME-ORIGIN"):
        yield Row(f"a form fetched {site!r}", _form(b"", f"Sec-Fetch-Site: {site}"))


PARTS = {
    "sizes": _sizes, "hosts": _hosts, "smuggling": _smuggling, "methods": _methods, "paths": _paths, "languages": _languages,
    "forms": _forms,
}  # fmt: skip

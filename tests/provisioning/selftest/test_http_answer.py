"""Answers of a web server as they come out of segments: whole, cut short, or nonsense."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.selftest.http_answer import Reply, read_reply

FOUND = b"HTTP/1.1 302 Moved Temporarily\r\nLocation: http://camp.internal/\r\nContent-Length: 3\r\n\r\nabc"


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        (FOUND, Reply(302, "http://camp.internal/")),
        (FOUND[:-1], Reply(0, "http://camp.internal/")),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", Reply(200, "")),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", Reply(0, "")),
        (b"HTTP/1.0 503 \r\n\r\nwhatever", Reply(503, "")),
        (b"HTTP/1.1 204\r\n\r\n", Reply(204, "")),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3", None),
        (b"HTTP/2 200\r\n\r\n", None),
        (b"SSH-2.0-OpenSSH\r\n\r\n", None),
        (b"", None),
    ],
)
def test_an_answer_is_read_as_what_it_is(answer: bytes, reply: Reply | None) -> None:
    assert read_reply(answer) == reply


@given(st.binary(max_size=300) | st.binary(max_size=100).map(lambda junk: b"HTTP/1.1 200 OK\r\n" + junk))
def test_junk_is_read_without_a_fault(junk: bytes) -> None:
    found = read_reply(junk)
    assert found is None or found.status == 0 or 100 <= found.status < 600


@given(st.integers(0, len(FOUND) - 1))
def test_nothing_less_than_the_whole_counts_as_an_answer(length: int) -> None:
    found = read_reply(FOUND[:length])
    assert found is None or found.status == 0

"""What the asking side makes of answers that are none."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from appliance.errors import Unreachable
from appliance.gate import client
from appliance.gate.client import ANSWER_LIMIT, ask
from appliance.layout import Layout


class _Connection:
    """A gate that says these bytes, whatever it is asked."""

    def __init__(self, says: bytes) -> None:
        self._says = says

    def __enter__(self) -> _Connection:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def settimeout(self, seconds: float) -> None:
        assert seconds > 0

    def connect(self, address: str) -> None:
        assert address

    def sendall(self, data: bytes) -> None:
        assert data.endswith(b"\n")

    def recv(self, most: int) -> bytes:
        said, self._says = self._says[:most], self._says[most:]
        return said


def answered(says: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> object:
    fake = SimpleNamespace(AF_UNIX=1, SOCK_STREAM=1, socket=lambda *_: _Connection(says))
    monkeypatch.setattr(client, "socket", fake)
    return ask(Layout.under(tmp_path, tmp_path), {"do": "facts"})


@pytest.mark.parametrize(
    "says",
    [
        b"", b"\n", b"{", b"\xff\xfe\n", b"[]\n", b"5\n", b"NaN\n", b"null\n",
        pytest.param(b"[" * ANSWER_LIMIT, id="deep"), pytest.param(b'{"a":' * (ANSWER_LIMIT // 5) + b"\n", id="deep objects"),
        pytest.param(b"9" * 5000 + b"\n", id="long number"),
    ],
)  # fmt: skip
def test_r7_an_answer_that_is_none_is_a_gate_that_cannot_be_reached(
    says: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(Unreachable, match="not"):
        answered(says, monkeypatch, tmp_path)


def test_an_answer_is_an_object(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = {"ok": True, "bytes_down": 5}
    assert answered(json.dumps(told).encode() + b"\nmore", monkeypatch, tmp_path) == told

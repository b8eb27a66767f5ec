"""E The gate's Unix socket, seen from the other side: one question, one answer."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

from appliance.errors import Unreachable
from appliance.layout import Layout

TIMEOUT, PATIENCE = 1.0, 6.0
"""Seconds for one question: connecting, asking and the whole answer; and for one that takes a slow hash."""
SLOW = frozenset({"take-code", "enter-code"})
ANSWER_LIMIT = 65_536
_MEND = "see whether the service gate runs: campbox box status"


def ask(layout: Layout, request: dict[str, Any], *, timeout: float | None = None) -> dict[str, Any]:
    """Send ``request`` (``{"do": ...}``, DESIGN section 6 "Gate socket") and return the answer, ``ok`` true or false.

    Raises Unreachable when the gate does not answer within ``timeout`` seconds, or not with a JSON object. Without one it has
    as long as the deed takes.
    """
    timeout = (PATIENCE if request.get("do") in SLOW else TIMEOUT) if timeout is None else timeout
    deadline = time.monotonic() + timeout
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(str(layout.socket("gate")))
            connection.sendall(json.dumps(request).encode() + b"\n")
            line = _read_line(connection, deadline)
    except OSError as error:
        raise Unreachable("the gate does not answer", where="gate.sock", mend=_MEND) from error
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Unreachable("the gate's answer is not JSON", where="gate.sock", mend=_MEND) from error
    if not isinstance(answer, dict):
        raise Unreachable("the gate's answer is not a JSON object", where="gate.sock", mend=_MEND)
    return answer


def _read_line(connection: socket.socket, deadline: float) -> bytes:
    """Everything up to the end of the line; what the gate said before it went away otherwise."""
    data = b""
    while b"\n" not in data and len(data) < ANSWER_LIMIT:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        part = connection.recv(4096)
        if not part:
            break
        data += part
    return data.partition(b"\n")[0]

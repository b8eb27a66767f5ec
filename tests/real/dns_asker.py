"""Run inside a namespace: DNS questions from standard input as JSON, the answers to standard output.

A question is ``{"to": address, "port": number, "name": text, "kind": text}``; an answer is ``{"code": number, "records": [[kind,
seconds to live, address]]}``, or ``{"code": null}`` after so much silence as only a server that waits for another one keeps.
"""

from __future__ import annotations

import json
import socket
import struct
import sys

from provisioning.lab.pace import patient

SILENCE = patient(8.0)
"""Seconds. A busy machine may let its name server wait for one or two; one that asked the internet would wait for ever here."""
KINDS = {"A": 1, "NS": 2, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SVCB": 64, "HTTPS": 65}


def ask(to: str, port: int, name: str, kind: str) -> dict[str, object]:
    """RFC 1035 section 4, over UDP."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = struct.pack(">6H", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", KINDS[kind], 1)
    with socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.settimeout(SILENCE)
        connection.sendto(question, (to, port))
        try:
            reply = connection.recv(4096)
        except TimeoutError:
            return {"code": None}
    return {"code": reply[3] & 15, "records": _records(reply, len(question))}


def _records(reply: bytes, at: int) -> list[list[object]]:
    found: list[list[object]] = []
    for _ in range(struct.unpack(">H", reply[6:8])[0]):
        kind, _, lives, size = struct.unpack(">2HIH", reply[at + 2 : at + 12])
        data = reply[at + 12 : at + 12 + size]
        family = {1: socket.AF_INET, 28: socket.AF_INET6}.get(kind)
        found.append([kind, lives, socket.inet_ntop(family, data) if family else data.hex()])
        at += 12 + size
    return found


if __name__ == "__main__":
    json.dump([ask(**question) for question in json.load(sys.stdin)], sys.stdout)

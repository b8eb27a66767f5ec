"""Run inside a phone's namespace: raw HTTP requests from standard input as JSON, the raw answers to standard output.

A request is ``{"to": address, "port": number, "send": text in latin-1}``; an answer the text up to the end of the connection.
"""

from __future__ import annotations

import json
import socket
import sys

from provisioning.lab.pace import patient

PATIENCE = patient(20.0)


def ask(to: str, port: int, send: str) -> str:
    """One connection, one request, everything that comes back; a reset ends the answer as an end does."""
    data = b""
    with socket.create_connection((to, port), timeout=PATIENCE) as connection:
        try:
            connection.sendall(send.encode("latin-1"))
            while part := connection.recv(65536):
                data += part
        except (ConnectionResetError, BrokenPipeError):
            pass
    return data.decode("latin-1")


if __name__ == "__main__":
    json.dump([ask(**request) for request in json.load(sys.stdin)], sys.stdout)

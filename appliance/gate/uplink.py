"""E Looks for the internet: asks the site's check names every few seconds what they are known to answer."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib.metadata import entry_points

from appliance.gate.known_answers import MOST, Known, Row, Said, judge_answer, known_answers, question
from appliance.gate.reachability import Heard

EVERY, EVERY_WHILE_FAILING = 5.0, 2.0
"""Seconds between checks: seldom enough for a metered line (0.9 kB each, 15 MB a day), often enough for the 15 s rule."""
TOGETHER = 4.0
"""Seconds for one host, name and connection and answer: a line of 600 ms that loses one packet in twenty needs three."""
_CONNECT, _QUIET = 2.0, 1.0
"""Seconds for one address while others may be tried, and after a whole 204 in which a body that has no business there may come."""
REMEMBERED = 300.0
"""Seconds for which the addresses of a name that answered are used again: a look-up costs as much as a question."""
DOUBTED = 60.0
"""Seconds after a foreign answer in which a host that answers as it should must also answer something else to an invented path."""
HTTP = 80


def probe_rows() -> tuple[Row, ...]:
    """The rows of the probe table that is installed."""
    return tuple(row for entry in entry_points(group="campbox.probes") for row in entry.load())


class Asker:
    """Asks hosts. ``targets`` are "host:port"; one that the table does not know, or another port, counts when it connects."""

    def __init__(self, targets: Sequence[str], rows: Iterable[Row] | None = None) -> None:
        known = known_answers(probe_rows() if rows is None else rows)
        self._targets = [(host, int(port)) for host, _, port in (target.rpartition(":") for target in targets)]
        self._known = {target: known[target[0]] for target in self._targets if target[0] in known and target[1] == HTTP}
        self._addresses = dict[tuple[str, int], tuple[float, tuple[str, ...]]]()
        self._first = 0
        self._doubted = float("-inf")
        self.resolved = False
        # resolv.conf(5): one try of one second a server, or a dead resolver would hide the line's return.
        os.environ.setdefault("RES_OPTIONS", "timeout:1 attempts:1")

    def look(self, ends: float | None = None) -> Said:
        """Ask one host after the other until one is genuine: ``foreign`` when each that was asked was answered by somebody else.

        A new host is the first each time. ``resolved`` says whether any name had an address. No host is begun after ``ends``.
        """
        self.resolved, heard = False, list[Said]()
        turn = self._targets[self._first :] + self._targets[: self._first]
        self._first = (self._first + 1) % max(1, len(self._targets))
        for target in turn:
            if ends is not None and heard and time.monotonic() > ends:
                break
            said = self._one(target)
            if said == "genuine":
                return "genuine"
            heard.append(said)
            if said == "foreign":
                self._doubted = time.monotonic()
        return "foreign" if heard and set(heard) == {"foreign"} else "silent"

    @property
    def doubted(self) -> float:
        """When a foreign answer was last heard; minus infinity for never."""
        return self._doubted

    def _one(self, target: tuple[str, int]) -> Said:
        known = self._known.get(target)
        said = self._ask(target, known)
        if said != "genuine" or known is None:
            return said
        if len(self._known) > 1 and time.monotonic() - self._doubted > DOUBTED:
            return said
        # A path that no host can have: whoever answers it in the same way says so to everything.
        invented = self._ask(target, replace(known, path=f"/{secrets.token_hex(6)}"))
        return "foreign" if invented == "genuine" else said

    def _ask(self, target: tuple[str, int], known: Known | None) -> Said:
        ends = time.monotonic() + TOGETHER
        for address in self._addresses_of(target):
            left = ends - time.monotonic()
            if left <= 0:
                break
            try:
                with socket.create_connection((address, target[1]), timeout=min(left, _CONNECT)) as connection:
                    self._addresses[target] = (self._addresses[target][0], (address,))
                    return "genuine" if known is None else _answer(connection, known, ends)
            except (OSError, OverflowError):  # a port that is none
                continue
        self._addresses.pop(target, None)
        return "silent"

    def _addresses_of(self, target: tuple[str, int]) -> tuple[str, ...]:
        known = self._addresses.get(target)
        if known is not None and time.monotonic() - known[0] < REMEMBERED:
            self.resolved = True
            return known[1]
        try:
            found = socket.getaddrinfo(*target, type=socket.SOCK_STREAM)
        except (OSError, ValueError, OverflowError):  # a name or port that is none: UnicodeError is a ValueError
            self._addresses.pop(target, None)
            return ()
        self.resolved = True
        addresses = tuple(dict.fromkeys(str(one[4][0]) for one in found))
        self._addresses[target] = (time.monotonic(), addresses)
        return addresses


def _answer(connection: socket.socket, known: Known, ends: float) -> Said:
    raw, said, ended, late = b"", "unfinished", False, False
    connection.sendall(question(known.host, known.path))
    while said == "unfinished":
        headed, left = b"\r\n\r\n" in raw, ends - time.monotonic()
        connection.settimeout(max(0.01, min(left, _QUIET) if headed else left))
        try:
            more = connection.recv(MOST)
            raw, ended = raw + more, not more
        except TimeoutError:
            late = True
        except OSError:
            ended = True
        said = judge_answer(known, raw, ended=ended, late=late or time.monotonic() >= ends)
    return said  # type: ignore[return-value]


class UplinkCheck:
    """What one look after the other says of the internet; ``uplink_thread`` makes them. Read from any thread."""

    def __init__(self, targets: Sequence[str], rows: Iterable[Row] | None = None) -> None:
        self._asker = Asker(targets, rows)
        self._heard = Heard()
        self._refused = 0

    @property
    def last_success(self) -> float | None:
        """When (monotonic seconds) the internet was last reached, None if it has not been yet."""
        return self._heard.reached

    @property
    def heard(self) -> Heard:
        """All that is known of it, from one moment."""
        return self._heard

    def look(self) -> bool:
        """Ask once; whether the internet was reached."""
        refused, self._refused = self._refused, 0  # where asking fails, nothing was heard, and two in a row begin anew
        said, now = self._asker.look(), time.monotonic()
        self._refused = refused + 1 if said == "foreign" else 0
        doubted = self._asker.doubted
        self._heard = Heard(
            now if said == "genuine" else self._heard.reached,
            doubted if doubted > float("-inf") else None,
            now if self._refused > 1 else self._heard.refuted,
        )
        return said == "genuine"

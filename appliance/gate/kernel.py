"""E libnftables through ctypes: the kernel's sets and maps, changed and listed in process, without a fork."""

from __future__ import annotations

import contextlib
import ctypes
import json
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any, Protocol, TypeVar

from appliance.errors import CommandFailed, MissingComponent
from appliance.gate import elements
from appliance.gate.elements import (
    Admit,
    Command,
    Crowd,
    Element,
    Extend,
    ForgetSpent,
    FreeMark,
    Listing,
    Lower,
    Raise,
    Remove,
    Spend,
    Stamp,
)
from appliance.gate.ruleset import TABLE
from appliance.values import Mac

_JSON = 1 << 4  # NFT_CTX_OUTPUT_JSON, libnftables(3)
Read = TypeVar("Read")
_GONE = ("No such file or directory", "File exists")


class Kernel(Protocol):
    """What the gate needs of the kernel; ``tests/fakes/kernel.py`` is another one."""

    def load(self, text: str) -> None:
        """Load a whole ruleset in one transaction; sets and maps keep their elements. Raises CommandFailed."""

    def stands(self) -> bool:
        """Whether the rules are there that ``load`` brought: another program may have flushed them. Raises CommandFailed."""

    def perform(self, commands: Sequence[Command]) -> None:
        """Carry out each command in turn; admissions that stand together are all done or none. Raises CommandFailed."""

    def listing(self) -> Listing:
        """Everything that is there; empty before the first ``load``."""

    def element(self, mac: Mac, crowd: Crowd = "people") -> Element | None:
        """One device with its counter, or None."""

    def carried(self) -> tuple[dict[int, int], dict[int, int]]:
        """Bytes by person mark: received from the internet, sent to it."""


class Nftables:
    """The real kernel. ``interface`` is the LAN's bridge, the name that flags hold."""

    def __init__(self, interface: str) -> None:
        self._interface = interface
        try:
            self._library = ctypes.CDLL("libnftables.so.1")
        except OSError as error:
            raise MissingComponent("libnftables is not here", mend="apt-get install libnftables1") from error
        self._library.nft_ctx_new.restype = ctypes.c_void_p
        for name in ("nft_ctx_get_output_buffer", "nft_ctx_get_error_buffer"):
            getattr(self._library, name).restype = ctypes.c_char_p
        self._text = self._context(0)
        self._json = self._context(_JSON)

    def _context(self, flags: int) -> ctypes.c_void_p:
        context = ctypes.c_void_p(self._library.nft_ctx_new(0))
        if not context.value:
            raise MissingComponent("the kernel has no nftables", mend="use a kernel with CONFIG_NF_TABLES")
        self._library.nft_ctx_buffer_output(context)
        self._library.nft_ctx_buffer_error(context)
        self._library.nft_ctx_output_set_flags(context, flags)
        return context

    def _run(self, text: str, *, context: ctypes.c_void_p | None = None) -> str:
        used = context or self._text
        failed = self._library.nft_run_cmd_from_buffer(used, text.encode())
        output: bytes = self._library.nft_ctx_get_output_buffer(used) or b""
        complaint: bytes = self._library.nft_ctx_get_error_buffer(used) or b""
        if failed:
            # Only the reason, never the line it quotes: that would put an Ethernet address into a log.
            raise CommandFailed(_reason(complaint.decode(errors="replace")), where="nftables", mend="see docs/operator.md")
        return output.decode(errors="replace")

    def _ask(self, text: str, read: Callable[[dict[str, Any]], Read]) -> Read:
        """What ``read`` makes of the answer, of an empty one where there is nothing. Raises CommandFailed, also for a torn one."""
        try:
            answer = json.loads(self._run(text, context=self._json) or "{}")
            return read(answer)
        except CommandFailed as error:
            if error.what in _GONE:
                return read({})
            raise
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            # Cut off, or of a form that this library never gave: its words would quote an address.
            raise CommandFailed("an answer cannot be read", where="nftables") from error

    def load(self, text: str) -> None:
        """Load a whole ruleset in one transaction.

        A set whose definition changed since the table was made cannot be loaded over the old one: then the tables are
        made anew and everything the kernel knew is put back, still in one transaction.
        """
        try:
            self._run(text)
        except CommandFailed as error:
            if error.what not in _GONE:
                raise
            again = elements.restore_text(self.listing(), self._interface)
            fresh = "".join(f"table {family} {TABLE} {{}}\ndelete table {family} {TABLE}\n" for family in ("inet", "bridge"))
            self._run(fresh + text + again)

    def stands(self) -> bool:
        """Whether both tables have their rules, by one chain of each."""
        return all(
            self._ask(f"list chain {family} {TABLE} {chain}", elements.has_rules)
            for family, chain in (("inet", "who"), ("bridge", "apart"))
        )

    def perform(self, commands: Sequence[Command]) -> None:
        """Carry out each command in turn; admissions that stand together are one transaction. Raises CommandFailed."""
        for alike, part in groupby(commands, key=type):
            if alike is Admit:
                # The library reads tables, chains and sets anew for every transaction: most of its cost, however many elements.
                admitted = [(Element(c.mac, c.mark, c.seconds), c.crowd) for c in part if isinstance(c, Admit)]
                self._run("\n".join(elements.add_text(element, crowd) for element, crowd in admitted))
            else:
                self._perform_each(part)

    def _perform_each(self, commands: Iterable[Command]) -> None:
        for command in commands:
            match command:
                case Extend():
                    self._extend(command)
                case Remove(mac, mark, crowd):
                    self._run_if_there(elements.delete_text(mac, mark, crowd))
                case Raise(flag, seconds):
                    self._run(elements.raise_text(flag, self._interface, seconds, up=self._flag(flag) is not None))
                case Lower(flag):
                    self._run_if_there(elements.lower_text(flag, self._interface))
                case FreeMark(mark):
                    for name in ("sent", "received"):
                        self._run_if_there(f"delete element inet {TABLE} {name} {{ {mark} }}")
                case Spend(mac, octets):
                    self._renew(elements.unspend_text(mac), elements.spend_text(mac, octets))
                case ForgetSpent():
                    self._run(f"flush set inet {TABLE} spent")
                case Stamp():
                    self._renew(elements.unstamp_text(self._interface), elements.stamp_text(command, self._interface))

    def _renew(self, delete: str, add: str) -> None:
        if not self._run_if_there(f"{delete}\n{add}"):
            self._run(add)

    def _extend(self, command: Extend) -> None:
        # One look costs a dump of the map (about 2 ms at 1,000 people), so only an extension pays for it.
        old = self.element(command.mac, command.crowd)
        new = Element(command.mac, command.mark, command.seconds, old.packets if old else 0, old.octets if old else 0)
        # It may expire between the look and the deed: then there is nothing to delete.
        if old is None or not self._run_if_there(elements.replace_text(old, new, command.crowd)):
            self._run(elements.add_text(new, command.crowd))

    def _run_if_there(self, text: str) -> bool:
        try:
            self._run(text)
        except CommandFailed as error:
            if error.what not in _GONE:
                raise
            return False
        return True

    def element(self, mac: Mac, crowd: Crowd = "people") -> Element | None:
        """One device with its counter, or None."""
        try:
            return elements.parse_element(self._run(f"get element inet {TABLE} {crowd} {{ {mac} }}"))
        except CommandFailed as error:
            if error.what not in _GONE:
                raise
            return None

    def _flag(self, name: str) -> int | None:
        return self._ask(f"list set inet {TABLE} {name}", lambda answer: elements.parse_flag(answer, self._interface))

    def listing(self) -> Listing:
        """Everything that is there; empty before the first ``load``."""
        return Listing(
            people=self._ask(f"list map inet {TABLE} people", elements.parse_elements),
            guests=self._ask(f"list map inet {TABLE} guests", elements.parse_elements),
            grace_left=self._flag("grace"),
            offline=self._flag("offline") is not None,
            spent=self._ask(f"list set inet {TABLE} spent", elements.parse_spent),
            stamp=self._ask(f"list set inet {TABLE} life", lambda answer: elements.parse_stamp(answer, self._interface)),
        )

    def carried(self) -> tuple[dict[int, int], dict[int, int]]:
        """Bytes by person mark: received from the internet, sent to it."""
        received, sent = (self._ask(f"list set inet {TABLE} {name}", elements.parse_counted) for name in ("received", "sent"))
        return received, sent

    def close(self) -> None:
        """Give the library's memory back."""
        for context in (self._text, self._json):
            with contextlib.suppress(AttributeError):
                self._library.nft_ctx_free(context)


def _reason(complaint: str) -> str:
    """The first error's own words; never a line that has none, for that may be the command itself, quoted."""
    errors = (line.partition("Error: ")[2] for line in complaint.splitlines())
    first = next((error for error in errors if error), "refused without a reason")
    return first.removeprefix("Could not process rule: ").strip()

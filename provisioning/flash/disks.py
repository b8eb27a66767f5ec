"""P What this machine's disks are: lsblk's JSON, /proc/swaps, mountinfo and zpool's words -> one graph of block devices.

Every string in it was read from hardware or a file system, which anybody may have made: ``plain`` takes out what a terminal would
obey before it is kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from appliance.errors import BadInput

LONGEST_TEXT = 80
_DEV = re.compile(r"[0-9]{1,7}:[0-9]{1,7}\Z")
_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True)
class Node:
    """One block device, in bytes. ``dev`` is "major:minor", ``parents`` and ``children`` are kernel names.

    ``size`` and ``sector`` are None where lsblk did not say; ``mountpoints`` are those lsblk knows, ``[SWAP]`` among them.
    """

    kname: str
    path: str
    dev: str
    type: str
    size: int | None
    sector: int | None
    read_only: bool
    removable: bool
    hotplug: bool
    transport: str
    model: str
    serial: str
    fstype: str
    label: str
    uuid: str
    mountpoints: tuple[str, ...] = ()
    parents: frozenset[str] = frozenset()
    children: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Mount:
    """One line of a mountinfo: the device's number (``0:...`` for btrfs and ZFS), where, and from what."""

    dev: str
    where: str
    fstype: str
    source: str


@dataclass(frozen=True)
class DiskLayout:
    """All block devices by kernel name, and what the kernel says is in use: paths of swaps and of ZFS pool members."""

    nodes: Mapping[str, Node]
    mounts: tuple[Mount, ...] = ()
    swaps: frozenset[str] = frozenset()
    pools: frozenset[str] = frozenset()

    def find(self, target: str) -> Node | None:
        """The device of this kernel name, path or "major:minor"; None when there is none."""
        by_name = self.nodes.get(target)
        return by_name or next((node for node in self.nodes.values() if target in (node.dev, node.path)), None)

    def below(self, node: Node) -> tuple[Node, ...]:
        """The device and everything that stands on it, itself first, each once."""
        return self._walk(node, lambda one: one.children)

    def above(self, node: Node) -> tuple[Node, ...]:
        """The device and everything it stands on, itself first, each once."""
        return self._walk(node, lambda one: one.parents)

    def _walk(self, node: Node, following: Any) -> tuple[Node, ...]:
        found, waiting = {node.kname: node}, [node]
        while waiting:
            for name in sorted(following(waiting.pop())):
                other = self.nodes.get(name)
                if other is not None and other.kname not in found:
                    found[other.kname] = other
                    waiting.append(other)
        return tuple(found.values())


def plain(untrusted_text: object) -> str:
    """Text that a terminal shows and does not obey: no control, direction or private character, one line, not long."""
    if not isinstance(untrusted_text, str):
        return ""
    shown = "".join(c if c.isprintable() else " " for c in untrusted_text[: 4 * LONGEST_TEXT])
    return " ".join(shown.split())[:LONGEST_TEXT]


def parse_layout(untrusted_lsblk: str, swaps: str = "", mountinfos: Iterable[str] = (), zpool_status: str = "") -> DiskLayout:
    """Read what the machine says. ``untrusted_lsblk`` is ``lsblk --json --bytes --output-all``. Raises BadInput."""
    try:
        top = json.loads(untrusted_lsblk)
        rows = top["blockdevices"]
        if not isinstance(rows, list):
            raise TypeError
        gathered: dict[str, _Gathering] = {}
        for row in rows:
            _gather(row, None, gathered)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadInput("lsblk's answer cannot be read", mend="util-linux 2.27 or later is needed") from error
    for name, one in list(gathered.items()):
        for parent in one.parents:
            if parent in gathered:
                gathered[parent].children.add(name)
    mounts = tuple(dict.fromkeys(mount for text in mountinfos for mount in parse_mountinfo(text)))
    nodes = {name: one.node() for name, one in gathered.items()}
    return DiskLayout(nodes, mounts, parse_swaps(swaps), parse_zpool(zpool_status))


@dataclass
class _Gathering:
    """A device may appear once under each parent (RAID, multipath): what every appearance says is put together."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    parents: set[str] = field(default_factory=set)
    children: set[str] = field(default_factory=set)

    def node(self) -> Node:
        row = self.rows[0]
        name = _name(row)
        dev = plain(row.get("maj:min"))
        return Node(
            kname=name,
            path=plain(row.get("path")) or f"/dev/{name}",
            dev=dev if _DEV.match(dev) else "",
            type=plain(row.get("type")).lower(),
            size=_number(row.get("size")),
            sector=_number(row.get("log-sec")),
            read_only=any(_flag(one.get("ro")) for one in self.rows),
            removable=_flag(row.get("rm")),
            hotplug=_flag(row.get("hotplug")),
            transport=plain(row.get("tran")).lower(),
            model=" ".join(filter(None, (plain(row.get("vendor")), plain(row.get("model")))))[:LONGEST_TEXT],
            serial=plain(row.get("serial")),
            fstype=plain(row.get("fstype")),
            label=plain(row.get("label")),
            uuid=plain(row.get("uuid")),
            mountpoints=tuple(dict.fromkeys(where for one in self.rows for where in _mountpoints(one))),
            parents=frozenset(self.parents - {name}),
            children=frozenset(self.children - {name}),
        )


def _gather(row: Any, parent: str | None, into: dict[str, _Gathering]) -> None:
    if not isinstance(row, dict) or not _name(row):
        raise TypeError("a block device without a name")
    one = into.setdefault(_name(row), _Gathering())
    one.rows.append(row)
    # With --list there is no tree; PKNAME says the same.
    one.parents |= {name for name in (parent, plain(row.get("pkname"))) if name}
    for child in row.get("children") or ():
        _gather(child, _name(row), into)


def _name(row: dict[str, Any]) -> str:
    return plain(row.get("kname")) or plain(row.get("name"))


def _mountpoints(row: dict[str, Any]) -> list[str]:
    """Both forms: one (before util-linux 2.37) and several, with null for none."""
    several = row.get("mountpoints")
    found = [row.get("mountpoint"), *(several if isinstance(several, list) else ())]
    return [plain(where) or "?" for where in found if isinstance(where, str) and where]


def _number(untrusted: Any) -> int | None:
    """Sizes were strings before util-linux 2.33."""
    if isinstance(untrusted, bool):
        return None
    if isinstance(untrusted, str) and re.match(r"[0-9]{1,20}\Z", untrusted.strip()):
        return int(untrusted)
    return untrusted if isinstance(untrusted, int) and untrusted >= 0 else None


def _flag(untrusted: Any) -> bool:
    """true, 1 or "1"."""
    return untrusted is True or untrusted == 1 or (isinstance(untrusted, str) and untrusted.strip() == "1")


def parse_mountinfo(text: str) -> tuple[Mount, ...]:
    """proc(5): ``36 35 8:1 / /boot rw,noatime shared:1 - ext4 /dev/sda1 rw``; lines of another form are left out."""
    mounts = []
    for line in text.split("\n"):  # a name may hold what else ends a line in Unicode
        left, dash, right = line.partition(" - ")
        fields, tail = left.split(" "), right.split(" ")
        if dash and len(fields) >= 5 and len(tail) >= 2 and _DEV.match(fields[2]):
            mounts.append(Mount(fields[2], plain(_unescape(fields[4])) or "?", plain(tail[0]), plain(_unescape(tail[1]))))
    return tuple(mounts)


def parse_swaps(text: str) -> frozenset[str]:
    """Paths in /proc/swaps, whose first line is a heading."""
    return frozenset(plain(_unescape(re.split(r"[ \t]", line, maxsplit=1)[0])) for line in text.split("\n")[1:] if line.strip())


def parse_zpool(text: str) -> frozenset[str]:
    """Every device path that ``zpool status -LP`` names."""
    return frozenset(word for word in text.split() if word.startswith("/dev/"))


def _unescape(text: str) -> str:
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), text)

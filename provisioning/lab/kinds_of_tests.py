"""E The kinds of tests: what each is, which of pytest's markers say so, and why this machine cannot run it."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass

from appliance.errors import MissingComponent
from appliance.run import find_program, run
from provisioning.lab import qemu


@dataclass(frozen=True)
class Kind:
    """One kind of tests: what it is, its pytest marker expression, and why this machine cannot run it (None: it can)."""

    what: str
    expression: str
    lacks: Callable[[], str | None]


def _nothing() -> str | None:
    return None


def _namespaces() -> str | None:
    if os.geteuid() != 0:
        return "it needs root, for network namespaces"
    if run(["unshare", "--net", "true"], check=False).returncode != 0:
        return "this machine's kernel lets nobody make network namespaces"
    return None


def _programs(*names: str) -> str | None:
    for name in names:
        try:
            find_program(name)
        except MissingComponent:
            return f"the program {name} is not here"
    return None


def _browser() -> str | None:
    headless = _programs("chromium") and _programs("chromium-headless-shell")
    return _namespaces() or headless or _programs("chromedriver")


def _machine() -> str | None:
    return _namespaces() or _programs("qemu-system-x86_64", "modprobe", "busybox")


def _image() -> str | None:
    foreign = "qemu-x86_64-static" if platform.machine() == "aarch64" else "qemu-aarch64-static"
    building = _programs("mmdebstrap", "sfdisk", "sqfstar", "mke2fs", "mcopy", "zstd", foreign)
    booting = _programs(*(kind.program for kind in qemu.KINDS.values()), "chronyd")
    files = [file for kind in qemu.KINDS.values() for file in (kind.firmware, kind.variables) if file is not None]
    firmware = next((f"the firmware {file} is not here" for file in files if not file.exists()), None)
    return _namespaces() or building or booting or firmware


KINDS = {
    "fast": Kind("pure rules, golden texts, mypy and ruff", "not (net or browser or vm or image)", _nothing),
    "net": Kind("real servers in network namespaces", "net and not vm", _namespaces),
    "browser": Kind("Chromium on the real pages", "browser", _browser),
    "vm": Kind("Debian's kernel under QEMU", "vm", _machine),
    "image": Kind("the built images, booted", "image", _image),
}

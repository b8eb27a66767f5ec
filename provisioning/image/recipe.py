"""P What goes into an image, as tables; and the recipe's hash: the name under which a built layer is kept, and its GUIDs' seed."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from appliance.errors import BadInput

FORMAT = 1
"""Raised when the same inputs begin to give another image."""
SUITE = "bookworm"
PYTHON = "3.11"
"""The suite's own Python, under which the project's libraries are chosen."""
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
COMPONENTS = "main non-free-firmware"

HOME = "/opt/campbox"
"""The project's environment in the image."""
CODE = f"{HOME}/lib/python{PYTHON}/site-packages"


@dataclass(frozen=True)
class Arch:
    """One kind of computer. ``machine`` is what wheels and QEMU call it, ``elf`` the number in an ELF header."""

    name: str
    machine: str
    elf: int
    efi: str
    packages: tuple[str, ...]


ARCHES: dict[str, Arch] = {
    "arm64": Arch("arm64", "aarch64", 0xB7, "aa64", ("linux-image-arm64", "raspi-firmware", "firmware-brcm80211")),
    "amd64": Arch("amd64", "x86_64", 0x3E, "x64", ("linux-image-amd64",)),
}

PACKAGES: tuple[str, ...] = (
    "systemd", "systemd-sysv", "systemd-boot-efi", "udev", "kmod", "initramfs-tools", "zstd",
    "usr-is-merged", "e2fsprogs", "dosfstools", "mount", "util-linux", "netbase", "iproute2", "ethtool", "procps",
    "nftables", "libnftables1", "nginx-light", "dnsmasq-base", "hostapd", "iw", "wireless-regdb", "python3",
)  # fmt: skip
"""What every image has, beside what Debian calls essential; what the system's own files need is asked for in ``system``."""

NEVER = frozenset({"openssh-server", "openssh-client", "gcc", "make", "perl", "sudo", "apt", "curl", "wget", "gnupg", "tcpdump"})
"""Packages that a dependency must not bring in unseen: a build that has one ends."""

LEFT_OUT_LIBRARIES = frozenset({"pip", "setuptools", "wheel"})
"""Locked for whoever installs; a box installs nothing."""

EXCLUDED_PATHS: tuple[str, ...] = (
    "/usr/share/doc/*", "/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/lintian/*",
    "/usr/share/bug/*", "/usr/share/doc-base/*", "/usr/share/bash-completion/*", "/usr/share/zsh/*", "/usr/share/gdb/*",
    "/usr/share/menu/*", "/usr/share/linda/*", "/usr/share/pixmaps/*",
    # These would copy kernels to a boot partition, which is not there while packages are unpacked.
    "/etc/kernel/postinst.d/z50-raspi-firmware", "/etc/kernel/postrm.d/z50-raspi-firmware",
    "/etc/initramfs/post-update.d/z50-raspi-firmware", "/etc/initramfs-tools/hooks/raspi-firmware",
    "/etc/kernel/postinst.d/zz-systemd-boot", "/etc/initramfs/post-update.d/systemd-boot",
)  # fmt: skip
"""What dpkg does not unpack."""
KEPT_PATHS: tuple[str, ...] = ("/usr/share/doc/*/copyright", "/usr/share/locale/locale.alias")
"""Exceptions from the above: licences stay with what they are for."""

SQUASHFS: tuple[str, ...] = ("-comp", "zstd", "-Xcompression-level", "9", "-b", "256K")
"""Higher levels take three times as long for a twentieth less."""

DROPPED: tuple[str, ...] = (
    "etc/kernel/postinst.d/z50-raspi-firmware",
    "boot/*", "dev/*", "proc/*", "sys/*", "run/*", "tmp/*", "vmlinuz*", "initrd.img*",
    "etc/machine-id", "var/lib/dbus/machine-id", "etc/hostname", "etc/resolv.conf", "etc/.resolv.conf*", "etc/hosts",
    "etc/ssh/ssh_host_*", "var/lib/systemd/random-seed", "var/lib/systemd/credential.secret", "etc/.pwd.lock",
    "var/log/*", "var/cache/*", "var/lib/apt/*", "var/lib/dpkg/*-old", "var/lib/dpkg/triggers/Lock", "var/lib/dpkg/lock*",
    "var/backups/*", "var/www/*", "usr/share/nginx/html/*",
    "etc/passwd-", "etc/group-", "etc/shadow-", "etc/gshadow-", "etc/subuid-", "etc/subgid-",
    "etc/apt/*", "etc/dpkg/dpkg.cfg.d/99mmdebstrap", "var/lib/systemd/deb-systemd-*-enabled/*.dsh-also.lock",
    "var/lib/initramfs-tools/*", "root/.*", "var/lib/campbox/*",
)  # fmt: skip
"""Left out of the root when the two layers are put together: boot files (they stand in the boot partition), traces of the build."""


def arch(name: str) -> Arch:
    """The row of an architecture. Raises BadInput."""
    if name not in ARCHES:
        raise BadInput(f"no image for {name[:40]!r}", where="--arch", mend=f"use {' or '.join(ARCHES)}")
    return ARCHES[name]


def packages(kind: Arch, system: Iterable[str]) -> tuple[str, ...]:
    """What is asked for by name; ``system`` are those that the system's own files need."""
    return tuple(sorted({*PACKAGES, *kind.packages, *system}))


def sources(mirror: str, security: str) -> str:
    """For apt: signed by Debian's own key, wherever they are fetched from. Raises BadInput for an address with spaces."""
    for address in (mirror, security):
        if not address.startswith(("http://", "https://", "file:/", "copy:/")) or any(c.isspace() or c in "[]#" for c in address):
            raise BadInput(
                f"{address[:80]!r} is no address of a mirror", where="--mirror", mend="for example http://mirror.example/debian"
            )
    rows = ((mirror, SUITE), (mirror, f"{SUITE}-updates"), (security, f"{SUITE}-security"))
    return "".join(f"deb [signed-by={KEYRING}] {address} {suite} {COMPONENTS}\n" for address, suite in rows)


def digest(value: object) -> str:
    """SHA-256 (hex) of a JSON value, the same for equal values."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()


def base_hash(kind: Arch, archives: Mapping[str, str], early: object, asked: Iterable[str], date: int) -> str:
    """Names the base layer: ``archives`` are file names and SHA-256 of every package, ``early`` what stands before them."""
    excluded = [*EXCLUDED_PATHS, "", *KEPT_PATHS]
    return digest(["base", FORMAT, kind.name, SUITE, sorted(archives.items()), early, excluded, list(asked), date])


def recipe_hash(base: str, project: str, files: object, partitions: object, site: str) -> str:
    """Names the whole image: its base, the project's sources, the system's files, the partitions and the site file's text."""
    return digest(["image", FORMAT, base, project, files, partitions, site, list(DROPPED), list(SQUASHFS), HOME])


def guid(recipe: str, name: str) -> uuid.UUID:
    """A GUID for the disk or one of its partitions, the same in every build of one recipe (RFC 9562, version 5)."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"campbox:{recipe}:{name}")


def volume_id(recipe: str, name: str) -> int:
    """32 bits for a FAT's serial number or a disk signature of an MBR; never 0."""
    return int(digest([recipe, name])[:8], 16) or 1


def wheel_platforms(kind: Arch) -> tuple[str, ...]:
    """What pip may choose for: every glibc up to the suite's 2.36 (PEP 600), newest first."""
    newer = tuple(f"manylinux_2_{minor}_{kind.machine}" for minor in range(36, 16, -1))
    return (*newer, f"manylinux2014_{kind.machine}", f"linux_{kind.machine}")

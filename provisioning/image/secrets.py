"""P What no image may hold: keys, passwords, tokens, and whatever would make two boxes the same one. One table of rules.

A secret in an image is on every card made of it. Private keys are told by the key itself, not by the marker before it: programs
that read keys contain the marker.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import mmap

Judge = Callable[[bytes], bool]
"""Does this content break the rule?"""


@dataclass(frozen=True)
class Rule:
    """Files whose path (from the root, no leading slash) matches, and what about their content is not allowed."""

    what: str
    paths: tuple[str, ...]
    judge: Judge


@dataclass(frozen=True)
class Finding:
    """One file that breaks a rule."""

    path: str
    what: str


_END = rb"(?:\s|\\[nr])+"
"""The end of a line, also inside a JSON text."""
_KEY = re.compile(
    rb"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----" + _END
    + rb"(?:[A-Za-z-]+: [^\\\r\n]*" + _END + rb")*[A-Za-z0-9+/=]{40,}" + _END
)  # fmt: skip
_PUTTY = re.compile(rb"\APuTTY-User-Key-File-[0-9]")
_URL_PASSWORD = re.compile(rb"[a-z]+://[^\s/:@]+:[^\s/@]+@")


def _any(_: bytes) -> bool:
    return True


def _filled(content: bytes) -> bool:
    return bool(content.strip())


def _machine_id(content: bytes) -> bool:
    return content.strip() not in (b"", b"uninitialized")


def _unlocked(content: bytes) -> bool:
    """shadow(5): only a field that begins with ``*`` or ``!`` lets nobody in; an empty one lets in everybody."""
    fields = (line.split(b":") for line in content.split(b"\n") if line.strip())
    return any(len(field) < 2 or field[1][:1] not in (b"*", b"!") for field in fields)


def _password_beside(content: bytes) -> bool:
    """passwd(5): ``x`` says that the password is in shadow."""
    fields = (line.split(b":") for line in content.split(b"\n") if line.strip())
    return any(len(field) < 2 or field[1] not in (b"x", b"*", b"!") for field in fields)


RULES: tuple[Rule, ...] = (
    Rule("a machine id: two boxes would have the same one", ("etc/machine-id", "var/lib/dbus/machine-id"), _machine_id),
    Rule("a random seed", ("var/lib/systemd/random-seed", "var/lib/urandom/random-seed", "loader/random-seed"), _any),
    Rule("a host's credential key", ("var/lib/systemd/credential.secret", "etc/credstore*/*"), _any),
    Rule("an SSH host key", ("etc/ssh/ssh_host_*key", "etc/dropbear/*key*"), _any),
    Rule("an SSH server", ("usr/sbin/sshd", "usr/sbin/dropbear"), _any),
    Rule("somebody's SSH files", ("root/.ssh/*", "home/*/.ssh/*", "etc/ssh/authorized_keys*"), _filled),
    Rule("a password, or an account without one", ("etc/shadow*", "etc/gshadow*"), _unlocked),
    Rule("a password where all can read it", ("etc/passwd*",), _password_beside),
    Rule("a box's identity: this was flashed for one box", ("etc/campbox/identity.json", "campbox/identity.json"), _any),
    Rule("what belongs to one box alone", ("var/lib/campbox/?*", "identity/*"), _filled),
    Rule("a hub's secrets", ("*/hub/authority/*", "*ca-key.pem"), _any),
    Rule("credentials", (
        "*/.netrc", "*/.git-credentials", "*/.pypirc", "*/.docker/config.json", "*/.aws/credentials", "*/.pgpass", "*/.my.cnf",
        "etc/apt/auth.conf*", "etc/ppp/*-secrets", "etc/NetworkManager/system-connections/*", "*.keytab", "*.p12", "*.pfx", "*.jks",
    ), _filled),
    Rule("a private key folder that is not empty", ("etc/ssl/private/*", "etc/letsencrypt/*", "root/.gnupg/*"), _filled),
    Rule("a name and password in an address", ("etc/pip.conf", "*/pip.conf", "etc/apt/sources.list*", "etc/environment"),
         lambda content: _URL_PASSWORD.search(content) is not None),
    Rule("what somebody typed", ("*/.bash_history", "*/.python_history", "*/.lesshst", "*/.viminfo"), _filled),
)  # fmt: skip
"""THE table. Two more rules hold for every file: no private key in it, whatever its name."""


def findings(path: str, content: bytes | mmap.mmap) -> Iterator[Finding]:
    """Every rule a regular file breaks. ``path`` is from the root of its file system."""
    for rule in RULES:
        if any(fnmatch.fnmatchcase(path, pattern) for pattern in rule.paths) and rule.judge(bytes(content)):
            yield Finding(path, rule.what)
    if _KEY.search(content) or _PUTTY.search(content):
        yield Finding(path, "a private key")

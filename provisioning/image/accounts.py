"""P Users made while an image is made: sysusers.d(5) lines put into the texts of passwd, group and shadow."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from appliance.errors import BadInput

SHADOW = 42
"""Debian's group shadow (base-passwd), which may read hashed passwords; here there are none."""


@dataclass(frozen=True)
class Account:
    """One ``u`` line: a user, locked, with a group of the same name and number."""

    name: str
    uid: int
    words: str = ""
    home: str = "/"


def parse_sysusers(untrusted_text: str) -> tuple[Account, ...]:
    """The users of a sysusers.d file; only lines ``u NAME NUMBER "words" [home]`` are understood. Raises BadInput."""
    found = list[Account]()
    for line in untrusted_text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            parts = shlex.split(line)
        except ValueError as error:
            raise BadInput(f"a quote is open in {line[:60]!r}", where="sysusers.d") from error
        if len(parts) < 3 or parts[0] != "u" or not parts[2].isascii() or not parts[2].isdigit():
            raise BadInput(f"only users with numbers can be made: {line[:60]!r}", where="sysusers.d")
        words = parts[3] if len(parts) > 3 and parts[3] != "-" else ""
        home = parts[4] if len(parts) > 4 and parts[4] != "-" else "/"
        if any(c in ":\n" for c in parts[1] + words + home):
            raise BadInput(f"a colon in {line[:60]!r}", where="sysusers.d")
        found.append(Account(parts[1], int(parts[2]), words, home))
    return tuple(found)


def with_users(passwd: str, group: str, shadow: str, accounts: Iterable[Account], day: int) -> tuple[str, str, str]:
    """The three texts with the users that are not in them yet; ``day`` counts from 1970. Raises BadInput for a number taken."""
    for one in sorted(accounts, key=lambda a: a.uid):
        users = {line.split(":")[0]: line.split(":")[2] for line in passwd.splitlines() if line.count(":") > 2}
        if one.name in users:
            if users[one.name] != str(one.uid):
                raise BadInput(f"{one.name} has the number {users[one.name]}, not {one.uid}", where="/etc/passwd")
            continue
        if str(one.uid) in users.values():
            raise BadInput(f"the number {one.uid} of {one.name} is taken", where="/etc/passwd")
        passwd += f"{one.name}:x:{one.uid}:{one.uid}:{one.words}:{one.home}:/usr/sbin/nologin\n"
        group += f"{one.name}:x:{one.uid}:\n"
        shadow += f"{one.name}:!*:{day}::::::\n"
    return passwd, group, shadow

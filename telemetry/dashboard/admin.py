"""E The operator's account: only the scrypt hash of its password is kept, and the key that signs sessions (others: people.py)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import BadInput, NotSo
from appliance.files import make_folder, read_json, write_json
from appliance.hub_config import HubConfig
from appliance.layout import Layout
from appliance.services import USERS
from telemetry.dashboard.report_store import connect, store_file

USER = "admin"
PASSWORD_VARIABLE = "CAMPBOX_HUB_PASSWORD"
"""A password given rather than made, when the account is made; SHORTEST to LONGEST characters."""
SHORTEST, LONGEST = 12, 200
_COST = {"n": 2**14, "r": 8, "p": 1}
"""scrypt as RFC 7914 section 2 suggests for interactive logins: 16 MB and about 50 ms."""


@dataclass(frozen=True)
class Account:
    """What stands in admin.json."""

    user: str
    salt: bytes
    digest: bytes
    session_key: bytes

    @property
    def fingerprint(self) -> str:
        """Changes with the password, so that sessions end with it."""
        return hmac.digest(self.session_key, self.digest, "sha256").hex()[:16]

    def accepts(self, untrusted_user: str, untrusted_password: str) -> bool:
        """Whether this is the user and the password; takes as long for a wrong user."""
        digest = _digest(untrusted_password, self.salt)
        same_user = hmac.compare_digest(untrusted_user.encode(), self.user.encode())
        return hmac.compare_digest(digest, self.digest) and same_user


def prepare(layout: Layout, hub_config: HubConfig) -> None:
    """Make the hub's folder, its store and, with a password from the environment or a new one, its account."""
    ensure(layout)
    connect(store_file(layout)).close()
    for path in store_file(layout).parent.glob("store.sqlite*"):
        give(path)


def ensure(layout: Layout) -> tuple[str, str | None]:
    """The user, and the password if the account was made just now: it is kept nowhere else. Safe to repeat."""
    folder = layout.data / "hub"
    make_folder(folder, 0o750, owner())
    path = folder / "admin.json"
    if path.exists():
        return load(layout).user, None
    password = os.environ.get(PASSWORD_VARIABLE) or secrets.token_urlsafe(15)
    check_length(password)
    session_key = base64.b64encode(secrets.token_bytes(32)).decode()
    write_json(path, {"user": USER, "session_key": session_key, **hashed(password)}, 0o600, owner())
    return USER, password


def check_length(password: str) -> None:
    """Raises BadInput for one that is guessed too soon, or that the login page, which reads so many characters, never takes."""
    if not SHORTEST <= len(password) <= LONGEST:
        what = "too short" if len(password) < SHORTEST else "too long"
        raise BadInput(f"the password is {what}", where=PASSWORD_VARIABLE, mend=f"use {SHORTEST} to {LONGEST} characters")


def load(layout: Layout) -> Account:
    """The account. Raises NotSo when there is none."""
    path = layout.data / "hub" / "admin.json"
    values = read_json(path)
    if not isinstance(values, dict):
        raise NotSo("this hub has no account yet", where=str(path), mend="start it with campbox hub up")
    try:
        salt, digest, key = (base64.b64decode(values[name]) for name in ("salt", "digest", "session_key"))
        return Account(str(values["user"]), salt, digest, key)
    except (KeyError, TypeError, ValueError) as error:
        raise NotSo("the account of this hub cannot be read", where=str(path), mend="restore it from the backup") from error


def hashed(password: str) -> dict[str, str]:
    """What is kept of a password: a salt of its own and the hash, in Base64."""
    salt = secrets.token_bytes(16)
    return {name: base64.b64encode(part).decode() for name, part in (("salt", salt), ("digest", _digest(password, salt)))}


def _digest(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=_COST["n"], r=_COST["r"], p=_COST["p"], dklen=32)


def owner() -> tuple[int, int] | None:
    """The hub's user, when there is power to give files away."""
    return (USERS["campbox-hub"], USERS["campbox-hub"]) if os.geteuid() == 0 else None


def give(path: Path) -> None:
    """Hand a file to the hub's user, when there is power to."""
    if (whose := owner()) is not None:
        os.chown(path, *whose)

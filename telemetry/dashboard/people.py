"""E Further people of a hub, beside its operator: each with a name and a password of their own, so that two can decide together."""

from __future__ import annotations

import base64
import os
import re
import secrets
from contextlib import AbstractContextManager
from pathlib import Path

from appliance.errors import BadInput, NotSo
from appliance.files import lock, read_json, write_json
from appliance.hub_config import HubConfig
from appliance.layout import Layout
from telemetry.dashboard import admin
from telemetry.dashboard.admin import Account

_NAME = re.compile(r"[a-z][a-z0-9.-]{1,29}\Z")
MOST = 100
_PATIENCE = 10.0
SECOND = "second"
"""Who the second person of a demo is."""


def prepare(layout: Layout, hub_config: HubConfig) -> None:
    """A demo has a second person from the start, with the password of the first: one alone could approve nothing."""
    if hub_config.demo and SECOND not in _kept(layout) and os.environ.get(admin.PASSWORD_VARIABLE):
        add(layout, SECOND)


def find(layout: Layout, untrusted_user: str) -> Account | None:
    """The account of this name; None where there is none. Raises NotSo when this hub has no operator yet."""
    operator = admin.load(layout)
    if untrusted_user == operator.user:
        return operator
    kept: object = _kept(layout).get(untrusted_user)
    try:
        salt, digest = (base64.b64decode(kept[name]) for name in ("salt", "digest")) if isinstance(kept, dict) else (b"", b"")
    except (KeyError, TypeError, ValueError):  # one spoiled account lets nobody in, and keeps nobody else out
        return None
    return Account(untrusted_user, salt, digest, operator.session_key) if salt and digest else None


def names(layout: Layout) -> list[str]:
    """Everybody who may log in, the operator first."""
    return [admin.load(layout).user, *sorted(_kept(layout))]


def add(layout: Layout, name: str) -> str:
    """A new account, or a new password for one; the password: kept nowhere else. Raises BadInput."""
    operator = admin.load(layout)
    if not _NAME.match(name) or name == operator.user:
        raise BadInput(f"{name[:40]!r} cannot be a name", mend="use 2 to 30 small letters, digits, dots and hyphens")
    password = os.environ.get(admin.PASSWORD_VARIABLE) or secrets.token_urlsafe(15)
    admin.check_length(password)
    parts = admin.hashed(password)
    with _alone(layout):
        kept = _kept(layout)
        if len(kept) >= MOST and name not in kept:
            raise BadInput(f"{MOST} people are there already", mend="remove somebody")
        _keep(layout, {**kept, name: parts})
    return password


def remove(layout: Layout, name: str) -> None:
    """Nobody logs in under this name any more; a session that is open ends with its next page. Raises NotSo."""
    with _alone(layout):
        kept = _kept(layout)
        if name not in kept:
            raise NotSo(f"there is nobody called {name[:40]!r}", mend="campbox hub user list")
        _keep(layout, {one: parts for one, parts in kept.items() if one != name})


def _alone(layout: Layout) -> AbstractContextManager[None]:
    """Two commands at once: else the one that writes last brings back whom the other has removed."""
    return lock(_file(layout).with_name("people.lock"), _PATIENCE)


def _file(layout: Layout) -> Path:
    return layout.data / "hub" / "people.json"


def _kept(layout: Layout) -> dict[str, dict[str, str]]:
    kept = read_json(_file(layout))
    return kept if isinstance(kept, dict) else {}


def _keep(layout: Layout, people: dict[str, dict[str, str]]) -> None:
    write_json(_file(layout), people, 0o600, admin.owner())

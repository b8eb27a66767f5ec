"""E Changing the hub's keys: a new one in the place of one that leaked, was lost or lies in a drawer too long."""

from __future__ import annotations

import contextlib
from pathlib import Path

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Root

from appliance.errors import BadInput
from content_cache.publish import keys
from content_cache.publish.signing import SignedRepository


def rotate(repository: SignedRepository, role: str, *, lost: str = "") -> str:
    """Put a new key in the place of a role's key; for root, of the one that is lost (the beginning of its id). Returns the new id.

    The new key of root goes into the first drawer, where there is one. Everything that the old key signed is signed anew.
    Raises NotSo, changing nothing, when fewer root keys than must sign are at hand.
    """
    root = repository.root()
    if role not in keys.ROLES:
        raise BadInput(f"{role!r} is no role", mend=f"one of {', '.join(keys.ROLES)}")
    gone = _gone(root, role, lost)
    home = repository.drawers[0] if role == "root" and repository.drawers else repository.key_folder
    signer = CryptoSigner.generate_ed25519()
    path = home / f"{role}-{signer.public_key.keyid[:8]}.pem"
    keys.save(path, signer)
    with contextlib.ExitStack() as undo:
        undo.callback(path.unlink, missing_ok=True)
        with repository.edit_root() as edited:
            for keyid in gone:
                edited.revoke_key(keyid, role)
            edited.add_key(signer.public_key, role)
        undo.pop_all()
    _sign_again(repository, role)
    _forget(repository)
    return signer.public_key.keyid


def _gone(root: Root, role: str, lost: str) -> list[str]:
    keyids = list(root.roles[role].keyids)
    if role != "root":
        return keyids
    found = [keyid for keyid in keyids if lost and keyid.startswith(lost)]
    if len(found) != 1:
        raise BadInput(
            "which of the root keys is to go is not said",
            mend="add --lost and the beginning of its id: campbox catalogue keys show",
        )
    return found


def _sign_again(repository: SignedRepository, role: str) -> None:
    if role == "targets":
        with repository.edit_targets():
            pass
    repository.do_snapshot(force=role == "snapshot")
    repository.do_timestamp(force=role in ("snapshot", "timestamp"))


def _forget(repository: SignedRepository) -> None:
    used = {keyid for role in repository.root().roles.values() for keyid in role.keyids}
    keys.forget(repository.key_folder, used)


def renew_root(repository: SignedRepository) -> int:
    """Sign the root anew, for two more years; with the keys of the drawer. Returns its version."""
    with repository.edit_root():
        pass
    return repository.root().version


def whereabouts(repository: SignedRepository) -> list[dict[str, str | bool]]:
    """Every key of the root metadata: its role, its id, and whether it lies at the hub."""
    here = keys.found([repository.key_folder])
    roles = repository.root().roles
    return [{"role": role, "key": keyid, "here": keyid in here} for role in keys.ROLES for keyid in roles[role].keyids]


def take_offline(repository: SignedRepository, away: Path) -> list[str]:
    """Move root keys to ``away`` until the hub alone can sign no root. Returns the beginnings of their ids."""
    role, here = repository.root().roles["root"], keys.found([repository.key_folder])
    at_hub = [keyid for keyid in role.keyids if keyid in here]
    moved = at_hub[max(role.threshold - 1, 0) :]
    keys.move(repository.key_folder, away, set(moved))
    return [keyid[:8] for keyid in moved]

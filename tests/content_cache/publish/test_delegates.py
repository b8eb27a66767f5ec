"""Which organisations may sign for themselves, until when, and the word before it ends."""

from __future__ import annotations

import datetime
from pathlib import Path

from securesystemslib.signer import CryptoSigner

from content_cache import layers
from content_cache.publish import delegates, delegation
from content_cache.publish.signing import SignedRepository
from tests.content_cache.publish.test_delegation import CONTENT, NOW, hub
from tests.content_cache.test_layers import CATALOGUE, OWN

__all__ = ["hub"]


def test_a_role_stands_with_its_key_its_threshold_what_it_may_sign_and_until_when(hub: SignedRepository, tmp_path: Path) -> None:
    assert delegates.standing(hub) == []
    key = CryptoSigner.generate_ed25519()
    delegation.allow(hub, OWN, key.public_key)
    (one,) = delegates.standing(hub)
    assert (one.organisation, one.keys, one.threshold) == (OWN, (key.public_key.keyid,), 1)
    assert one.paths == (layers.target(OWN),) and one.version is None and not one.ends_soon(NOW)
    delegation.accept(hub, OWN, delegation.sign(OWN, CONTENT, key, NOW), CONTENT, CATALOGUE)
    (one,) = delegates.standing(hub)
    assert one.expires == NOW + datetime.timedelta(days=delegation.LIFE) and one.version


def test_it_is_told_before_it_ends_and_after() -> None:
    one = delegates.Delegate(OWN, "r", ("k",), 1, (), 1, NOW)

    def at(days: int) -> datetime.datetime:
        return NOW - datetime.timedelta(days=days)

    assert not one.ends_soon(at(delegates.SOON)) and one.ends_soon(at(delegates.SOON - 1)) and one.ends_soon(at(-5))
    assert "the signature of Aid ends in 59 days" in delegates.warning(one, "Aid", at(59))
    assert "ends today" in delegates.warning(one, "Aid", at(0)) and "has ended" in delegates.warning(one, "Aid", at(-1))

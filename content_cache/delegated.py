"""E The layers of organisations in a repository, verified by their delegated roles (TUF specification 1.0, section 4.5)."""

from __future__ import annotations

from pathlib import Path

from tuf.api.metadata import Targets
from tuf.ngclient import Updater

from appliance.errors import Refused
from content_cache import layers
from content_cache.layers import Layer

MOST = 64
"""Organisations of one site."""


def fetched(updater: Updater, targets: Targets) -> list[Layer]:
    """Every organisation's layer, by ``updater`` after its refresh; ``targets`` is the trusted top role.

    An organisation that has signed nothing yet has none. Raises tuf's errors, and Refused when there are too many.
    """
    roles = sorted(targets.delegations.roles or ()) if targets.delegations else []
    organisations = {role: found for role in roles if (found := layers.organisation_of(role))}
    if len(organisations) > MOST:
        raise Refused(f"more than {MOST} organisations sign for themselves", mend="take some roles back at the hub")
    return [layer for role, one in organisations.items() if (layer := _one(updater, role, one)) is not None]


def _one(updater: Updater, role: str, organisation: str) -> Layer | None:
    # A role that was allowed but has signed nothing stands in no snapshot: there is nothing to ask for.
    if f"{role}.json" not in updater._trusted_set.snapshot.meta:
        return None
    target = updater.get_targetinfo(layers.target(organisation))
    if target is None:
        return None
    if target.length > layers.LARGEST:
        raise Refused(f"the layer of organisation {organisation} is too large", mend="sign fewer services")
    path = updater.find_cached_target(target) or updater.download_target(target)
    return Layer(organisation, Path(path).read_bytes())

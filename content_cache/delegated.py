"""E What organisations signed: verified by their delegated roles (TUF specification 1.0, section 4.5), not yet fetched."""

from __future__ import annotations

from tuf.api.metadata import Targets
from tuf.ngclient import Updater

from appliance.errors import Refused
from content_cache import layers
from content_cache.layers import Signed

MOST = 64
"""Organisations of one site."""


def signed(updater: Updater, targets: Targets) -> list[Signed]:
    """Every organisation's layer, by ``updater`` after its refresh; ``targets`` is the trusted top role.

    Only metadata comes now, and only what is new, in the sizes that are said here: the files go through the same door as the
    catalogue. An organisation that has signed nothing yet has none. Raises tuf's errors, and Refused when there are too many.
    """
    roles = sorted(targets.delegations.roles or ()) if targets.delegations else []
    organisations = {role: found for role in roles if (found := layers.organisation_of(role))}
    if len(organisations) > MOST:
        raise Refused(f"more than {MOST} organisations sign for themselves", mend="take some roles back at the hub")
    updater.config.targets_max_length = layers.LARGEST_ROLE
    return [one for role, organisation in organisations.items() if (one := _one(updater, role, organisation)) is not None]


def _one(updater: Updater, role: str, organisation: str) -> Signed | None:
    # A role that was allowed but has signed nothing stands in no snapshot: there is nothing to ask for.
    said = updater._trusted_set.snapshot.meta.get(f"{role}.json")
    if said is None:
        return None
    if (said.length or 0) > layers.LARGEST_ROLE:
        raise Refused(f"what organisation {organisation} signed is too large", mend="look who changed the repository")
    target = updater.get_targetinfo(layers.target(organisation))
    if target is None:
        return None
    return layers.signed(role, organisation, target.length, target.hashes.get("sha256", ""), target.custom)

"""What a machine that cannot hold a camp is told is something it can do."""

from __future__ import annotations

import pytest

from appliance.errors import CommandFailed, MissingComponent
from provisioning.lab import fitness


def test_a_kernel_that_lacks_something_is_named_and_no_option_that_is_always_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> None:
        raise CommandFailed("not permitted", where="ip")

    monkeypatch.setattr(fitness.Namespace, "create", refuse)
    monkeypatch.setattr(fitness.cabling, "remove", lambda name: None)
    with pytest.raises(MissingComponent) as told:
        fitness._check_kernel()
    assert "no network namespaces" in told.value.what and "not permitted" in told.value.mend
    assert "--kernel" not in told.value.mend

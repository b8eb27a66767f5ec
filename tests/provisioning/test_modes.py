"""P What a run of tests may be asked for, by whom."""

from __future__ import annotations

import pytest

from appliance.errors import BadInput
from provisioning.modes import GOLDEN, RANDOM, Modes, read


@pytest.mark.parametrize(
    "environment, asked",
    [
        ({}, Modes()),
        ({"CI": "true"}, Modes()),
        ({GOLDEN: "", RANDOM: "", "CI": "true"}, Modes()),
        ({GOLDEN: "write"}, Modes(writes_golden=True)),
        ({RANDOM: "1", "CI": ""}, Modes(random=True)),
        ({GOLDEN: "write", RANDOM: "1"}, Modes(writes_golden=True, random=True)),
    ],
)
def test_what_is_asked_for(environment: dict[str, str], asked: Modes) -> None:
    assert read(environment) == asked


@pytest.mark.parametrize("name, value", [(GOLDEN, "1"), (GOLDEN, "Write"), (GOLDEN, "read"), (RANDOM, "yes"), (RANDOM, "0")])
def test_a_word_that_means_nothing_is_refused(name: str, value: str) -> None:
    with pytest.raises(BadInput, match=name) as refused:
        read({name: value})
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name, value", [(GOLDEN, "write"), (RANDOM, "1"), (GOLDEN, "other")])
@pytest.mark.parametrize("ci", ["true", "1", "false"])
def test_in_ci_every_run_is_the_same(name: str, value: str, ci: str) -> None:
    with pytest.raises(BadInput, match=name) as refused:
        read({name: value, "CI": ci})
    assert "\n" not in str(refused.value)

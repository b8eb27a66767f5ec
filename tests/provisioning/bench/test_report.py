"""The report format that other programs read, and the figures in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.bench.report import Budget, Peer, Result, as_json, number, percentile, table


def test_json_has_the_contracts_shape() -> None:
    result = Result("probe", 50_000, "req/s", Budget(">=", 40_000), Peer("other", 17), (49_000, 50_000, 51_000))
    assert as_json({"cores": 2}, [result]) == {
        "machine": {"cores": 2},
        "results": [
            {
                "name": "probe",
                "value": 50_000,
                "unit": "req/s",
                "budget": {"op": ">=", "value": 40_000},
                "met": True,
                "peer": {"name": "other", "value": 17},
                "runs": [49_000, 50_000, 51_000],
            }
        ],
    }


def test_a_missed_budget_is_said_to_be_missed() -> None:
    assert Result("x", 3, "ms", Budget("<=", 2)).met is False
    assert "NO" in table([Result("x", 3, "ms", Budget("<=", 2))])


def test_without_a_budget_nothing_is_met_or_missed() -> None:
    assert Result("x", 3, "ms").met is None


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1), st.floats(0.01, 1.0))
def test_percentile_is_a_value_that_enough_are_not_above(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9


def test_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


@pytest.mark.parametrize(
    ("value", "text"), [(40_000, "40,000"), (0.1234, "0.123"), (12.345, "12.3"), (90_123.4, "90,123"), (0, "0")]
)
def test_numbers_read_well(value: float, text: str) -> None:
    assert number(value) == text

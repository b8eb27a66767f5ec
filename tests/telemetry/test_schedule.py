"""When the agent measures and sends."""

from __future__ import annotations

import pytest

from appliance.errors import BadInput
from telemetry.metrics import BY_NAME
from telemetry.schedule import LONGEST_PATIENCE, PATIENCE, SHORTEST_PERIOD, Flight, is_urgent, may_send, pace, rates


def test_the_pace_is_a_minute_unless_the_environment_says_otherwise() -> None:
    assert pace(None).interval == 60 and pace(None).period == 900
    assert pace("2").interval == 2


def test_counts_of_people_are_never_released_more_often_than_once_a_minute() -> None:
    assert pace("1").period == SHORTEST_PERIOD == 60


@pytest.mark.parametrize("text", ["", "0", "-1", "nan", "0.5", "x", "99999"])
def test_a_wrong_pace_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        pace(text)


def test_one_batch_is_on_its_way_at_a_time() -> None:
    flight = Flight().sent(7, 100.0)
    assert not may_send(flight, waiting=50, urgent=True)
    assert not may_send(flight.landed(6), waiting=50, urgent=True)
    assert may_send(flight.landed(7), waiting=10, urgent=False)


def test_few_rows_wait_for_more_unless_something_is_urgent() -> None:
    assert not may_send(Flight(), waiting=9, urgent=False)
    assert may_send(Flight(), waiting=1, urgent=True)
    assert not may_send(Flight(), waiting=0, urgent=True)


def test_without_an_acknowledgement_it_is_sent_again_with_growing_patience() -> None:
    flight, now = Flight(), 0.0
    waits = []
    for _ in range(12):
        flight = flight.sent(1, now)
        assert flight.given_up(now + flight.patience - 0.1) == flight
        now += flight.patience
        waits.append(flight.patience)
        flight = flight.given_up(now)
        assert flight.upto is None
    assert waits[0] == PATIENCE and waits[-1] == LONGEST_PATIENCE and waits == sorted(waits)
    assert flight.sent(1, now).landed(1).patience == PATIENCE


def test_only_prompt_metrics_are_urgent() -> None:
    uplink, load = BY_NAME["uplink"].number, BY_NAME["load"].number
    assert is_urgent({uplink: 1}, {uplink: 0})
    assert not is_urgent({uplink: 1, load: 1}, {uplink: 1, load: 5})


def test_rates_are_bits_a_second_and_a_counter_that_went_back_gives_none() -> None:
    before = (10.0, {"bytes_down": 1000, "bytes_up": 50})
    assert rates(before, (12.0, {"bytes_down": 2000, "bytes_up": 40})) == {"down": 4000.0}
    assert rates(None, before) == {}
    assert rates(before, (12.0, {})) == {}
    assert rates(before, before) == {}

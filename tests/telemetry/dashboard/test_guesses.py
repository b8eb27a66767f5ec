"""How often passwords may be tried: the rule alone."""

from __future__ import annotations

import pytest

from appliance.limiter import subscriber
from telemetry.dashboard.guesses import IN_ALL, PER_ACCOUNT, PER_ADDRESS, Guess, Guesses


def test_an_address_has_five_tries_at_once_and_one_a_second_after_that() -> None:
    assert PER_ADDRESS == (5, 1.0)
    guesses = Guesses()
    assert sum(guesses.allows(Guess("192.0.2.1", f"u{n}"), 100.0) for n in range(50)) == 5
    guesses = Guesses()
    total = sum(guesses.allows(Guess("192.0.2.1", f"u{n}"), 100.0 + n / 50) for n in range(500))
    assert 14 <= total <= 15


def test_h5_an_account_is_guarded_whoever_asks_from_wherever() -> None:
    guesses = Guesses()
    let = sum(guesses.allows(Guess(f"192.0.2.{n % 250}", "admin"), 100.0 + n / 10) for n in range(1_000))
    assert let <= PER_ACCOUNT[0] + PER_ACCOUNT[1] * 100 + 1


def test_h5_all_strangers_together_cost_a_bounded_part_of_the_processor() -> None:
    guesses = Guesses()
    let = sum(guesses.allows(Guess(f"192.0.{n // 250}.{n % 250}", f"u{n}"), 100.0 + n / 100) for n in range(6_000))
    assert let <= IN_ALL[0] + IN_ALL[1] * 60 + 1


def test_h22_who_was_inside_before_has_tries_of_their_own_while_strangers_use_up_theirs() -> None:
    guesses = Guesses()
    assert sum(guesses.allows(Guess("127.0.0.1", "admin"), 100.0 + n / 50) for n in range(3_000)) <= 23
    assert [guesses.allows(Guess("127.0.0.1", "admin"), 160.0) for _ in range(3)][1:] == [False, False]
    assert guesses.allows(Guess("127.0.0.1", "admin", browser="b1"), 160.0)
    assert sum(guesses.allows(Guess("127.0.0.1", "admin", browser="b1"), 160.0) for _ in range(100)) < 10


def test_an_address_that_is_not_known_limits_nobody_by_it() -> None:
    guesses = Guesses()
    assert sum(guesses.allows(Guess("", f"u{n}"), 100.0) for n in range(50)) == IN_ALL[0]


@pytest.mark.parametrize(
    ("address", "counts_as"),
    [
        ("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3::9", "2001:db8:1:2::/64"), ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"), ("fe80::1%eth0", "fe80::/64"),
        ("fe80::2%x", "fe80::/64"), ("nonsense" * 50, ("nonsense" * 50)[:100]), ("", ""),
    ],
)  # fmt: skip
def test_a_subscriber_counts_once(address: str, counts_as: str) -> None:
    assert subscriber(address) == counts_as


def test_h5_names_that_others_make_up_do_not_give_an_account_new_tries() -> None:
    """Of two thousand accounts the tries are remembered: more names would make the hub forget the one that is guessed at."""
    guesses, tried, right = Guesses(), 0, 0
    for n in range(20):
        right += guesses.allows(Guess(f"2001:db8:0:{tried % 65_536:x}::1", "amal"), 100.0 + n)
        for _ in range(2_500):
            tried += 1
            guesses.allows(Guess(f"2001:db8:{tried // 65_536:x}:{tried % 65_536:x}::1", f"made-up-{tried}"), 100.0 + n)
    assert right <= PER_ACCOUNT[0] + 20 * PER_ACCOUNT[1]

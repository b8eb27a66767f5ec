"""Many threads at one limiter: no attempt is taken twice, no bucket goes twice."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from appliance.shared_limiter import SharedLimiter


@pytest.fixture
def eager() -> Iterator[None]:
    """Threads change places as often as the interpreter lets them."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def together(deed: Callable[[int], bool], threads: int, times: int) -> tuple[int, list[Exception]]:
    """How often ``deed(number of the call)`` was true in so many threads that begin at once, and what went wrong."""
    start, allowed, wrong = threading.Barrier(threads), list[bool](), list[Exception]()

    def work(thread: int) -> None:
        try:
            start.wait()
            allowed.extend([deed(thread * times + n) for n in range(times)])
        except (RuntimeError, KeyError, IndexError) as error:
            wrong.append(error)

    crowd = [threading.Thread(target=work, args=(n,)) for n in range(threads)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    return sum(allowed), wrong


@pytest.mark.parametrize("camp", range(10))
def test_r8_so_many_threads_as_like_get_no_more_than_the_bucket_holds(eager: None, camp: int) -> None:
    limiter = SharedLimiter(60, 0.0, 2_000)
    assert together(lambda _: limiter.allows(f"camp {camp}", 0.0), 16, 200) == (60, [])


def test_r8_strangers_beyond_the_memory_raise_nothing(eager: None) -> None:
    limiter = SharedLimiter(60, 0.0, 3)
    assert together(lambda n: limiter.allows(str(n), 0.0), 16, 300) == (16 * 300, [])
    assert len(limiter.buckets) == 3

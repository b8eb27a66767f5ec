"""What wrk and h2load print is read right, and what they leave out is noticed."""

import pytest

from appliance.errors import CommandFailed
from provisioning.bench.load import read_h2load, read_wrk

WRK = """Running 4s test @ http://203.0.113.99/generate_204
  2 threads and 200 connections
  Latency Distribution
     50%    1.17ms
     99%    1.25s
  67 requests in 4.02s, 17.54KB read
  Socket errors: connect 1, read 2, write 0, timeout 3
  Non-2xx or 3xx responses: 4
Requests/sec:     16.68
"""


def test_wrk_figures_and_every_kind_of_failure_are_counted() -> None:
    seen = read_wrk(WRK)
    assert (seen.per_second, seen.p99_ms, seen.wrong) == (16.68, 1250.0, 10)


def test_a_wrk_that_printed_nothing_is_an_error() -> None:
    with pytest.raises(CommandFailed):
        read_wrk("unable to connect\n")


def test_h2load_counts_what_was_not_answered_well() -> None:
    seen = read_h2load("1\t302\t1000\n2\t302\t3000\n3\t500\t9000\n4\t-1\t0\n", 2)
    assert (seen.per_second, seen.p99_ms, seen.wrong) == (1.0, 3.0, 2)


def test_an_empty_h2load_log_is_an_error() -> None:
    with pytest.raises(CommandFailed):
        read_h2load("", 2)

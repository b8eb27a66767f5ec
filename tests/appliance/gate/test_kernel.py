"""The fake kernel passes the body that the real one passes (tests/real/test_gate_kernel.py)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from appliance.errors import CommandFailed
from appliance.gate.kernel import Kernel, _reason
from tests.fakes.kernel import FakeKernel
from tests.fakes.kernel_contract import KernelContract


class TestFakeKernelKeepsTheContract(KernelContract):
    now = 0.0

    @pytest.fixture
    def contract_kernel(self) -> Kernel:
        return FakeKernel(lambda: self.now)

    def wait(self, seconds: float) -> None:
        self.now += seconds

    @contextmanager
    def refusing(self, kernel: Kernel) -> Iterator[None]:
        assert isinstance(kernel, FakeKernel)
        error = CommandFailed("no room for a message", where="netlink")
        kernel.refuses = dict.fromkeys(("load", "stands", "perform", "listing", "carried", "element"), error)
        yield
        kernel.refuses = {}

    def flush(self, kernel: Kernel) -> None:
        assert isinstance(kernel, FakeKernel)
        kernel.flush()

    def load(self, kernel: Kernel) -> None:
        kernel.load("rules")


QUOTED = "add element inet campbox people { 02:00:00:00:0a:01 : 5 }\n                                   ^^^^^^^^^^^^^^^^^\n"


@pytest.mark.parametrize(
    ("complaint", "reason"),
    [
        (f"Error: Could not process rule: No such file or directory\n{QUOTED}", "No such file or directory"),
        (f"Error: Could not process rule: File exists\n{QUOTED}Error: Could not process rule: No buffers\n{QUOTED}", "File exists"),
        (f"<cmdline>:2:1-3: Error: syntax error, unexpected newline\n{QUOTED}", "syntax error, unexpected newline"),
        (f"\n{QUOTED}Error: Could not parse packet mark\n{QUOTED}", "Could not parse packet mark"),
        (QUOTED, "refused without a reason"),
        ("", "refused without a reason"),
    ],
)
def test_of_a_complaint_only_its_reason_comes_out_never_the_line_it_quotes(complaint: str, reason: str) -> None:
    """As libnftables 1.0.6 and 1.1 word it; the line holds somebody's Ethernet address."""
    assert _reason(complaint) == reason

"""The fake kernel passes the body that the real one passes (tests/real/test_gate_kernel.py)."""

from __future__ import annotations

import pytest

from appliance.gate.kernel import Kernel
from tests.fakes.kernel import FakeKernel
from tests.fakes.kernel_contract import KernelContract


class TestFakeKernelKeepsTheContract(KernelContract):
    now = 0.0

    @pytest.fixture
    def contract_kernel(self) -> Kernel:
        return FakeKernel(lambda: self.now)

    def wait(self, seconds: float) -> None:
        self.now += seconds

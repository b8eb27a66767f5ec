"""The gate that the portal's tests ask passes the body that the real one passes (tests/real/test_gate_codes.py)."""

from __future__ import annotations

import pytest

from tests.fakes.gate import FakeGate
from tests.fakes.gate_contract import Ask, GateContract


class TestFakeGateKeepsTheContract(GateContract):
    @pytest.fixture
    def contract_gate(self) -> Ask:
        return FakeGate()

"""P Reading JUnit reports: what failed in the guest is seen as failed here."""

from tests.junit import Case, read

REPORT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="1" skipped="1" tests="4">
<testcase classname="tests.real.test_gate_kernel" name="test_add" />
<testcase classname="tests.real.test_gate_kernel.TestMore" name="test_more[6]"><failure message="no">trace</failure></testcase>
<testcase classname="tests.real.in_guest" name="test_air"><error message="fixture">trace</error></testcase>
<testcase classname="tests.real.in_guest" name="test_x"><skipped type="pytest.skip" message="why">at</skipped></testcase>
</testsuite></testsuites>"""


def test_every_outcome_is_told_apart() -> None:
    assert read(REPORT) == [
        Case("test_gate_kernel", "test_add", "passed", ""),
        Case("test_gate_kernel", "test_more[6]", "failed", "no\ntrace"),
        Case("in_guest", "test_air", "failed", "fixture\ntrace"),
        Case("in_guest", "test_x", "skipped", "why\nat"),
    ]

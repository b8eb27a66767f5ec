"""What any kernel must do for the gate: the real one and the fake one pass the same body."""

from __future__ import annotations

from contextlib import AbstractContextManager

import pytest

from appliance.errors import CommandFailed
from appliance.gate.elements import Admit, Extend, ForgetSpent, FreeMark, Listing, Lower, Raise, Remove, Spend, Stamp
from appliance.gate.kernel import Kernel
from appliance.values import Mac

A, B = Mac("02:00:00:00:0a:01"), Mac("02:00:00:00:0b:02")


class KernelContract:
    """Give ``contract_kernel`` (empty, its ruleset loaded) and ``wait``."""

    @pytest.fixture
    def contract_kernel(self) -> Kernel:
        raise NotImplementedError

    def wait(self, seconds: float) -> None:
        raise NotImplementedError

    def refusing(self, kernel: Kernel) -> AbstractContextManager[None]:
        """While the block runs, netlink takes no question."""
        raise NotImplementedError

    def test_t8_netlink_that_refuses_is_said_and_changes_nothing(self, contract_kernel: Kernel) -> None:
        contract_kernel.perform([Admit(A, 5, 100)])
        with self.refusing(contract_kernel):
            for question in (
                lambda: contract_kernel.perform([Admit(B, 6, 100)]),
                lambda: contract_kernel.perform([Remove(A, 5)]),
                contract_kernel.stands,
                contract_kernel.listing,
                contract_kernel.carried,
                lambda: contract_kernel.element(A),
            ):
                with pytest.raises(CommandFailed):
                    question()
        assert [(e.mac, e.mark) for e in contract_kernel.listing().people] == [(A, 5)]
        contract_kernel.perform([Admit(B, 6, 100)])
        assert {e.mac for e in contract_kernel.listing().people} == {A, B}

    def flush(self, kernel: Kernel) -> None:
        """Another program takes every table of the kernel's away."""
        raise NotImplementedError

    def load(self, kernel: Kernel) -> None:
        """The ruleset, again."""
        raise NotImplementedError

    def test_r10_rules_that_another_program_took_away_are_missed_and_can_be_loaded_again(self, contract_kernel: Kernel) -> None:
        contract_kernel.perform([Admit(A, 5, 100), Stamp("boot-1")])
        assert contract_kernel.stands()
        self.flush(contract_kernel)
        assert not contract_kernel.stands() and contract_kernel.listing() == Listing() and contract_kernel.carried() == ({}, {})
        with pytest.raises(CommandFailed):
            contract_kernel.perform([Admit(A, 5, 100)])
        self.load(contract_kernel)
        contract_kernel.perform([Admit(A, 5, 100)])
        assert contract_kernel.stands() and [(e.mac, e.mark) for e in contract_kernel.listing().people] == [(A, 5)]

    def test_an_admitted_device_is_listed_with_its_mark_and_time(self, contract_kernel: Kernel) -> None:
        contract_kernel.perform([Admit(A, 5, 100), Admit(B, 6, 200, "guests")])
        listing = contract_kernel.listing()
        assert [(e.mac, e.mark) for e in listing.people] == [(A, 5)]
        assert [(e.mac, e.mark) for e in listing.guests] == [(B, 6)]
        assert 95 <= listing.people[0].seconds_left <= 100

    def test_admissions_that_stand_together_are_all_done_or_none(self, contract_kernel: Kernel) -> None:
        with pytest.raises(CommandFailed):
            contract_kernel.perform([Admit(A, 5, 100), Admit(B, 6, 100), Admit(A, 7, 100)])
        assert contract_kernel.listing().people == ()
        contract_kernel.perform([Admit(A, 5, 100), Admit(B, 6, 100)])
        assert {(e.mac, e.mark) for e in contract_kernel.listing().people} == {(A, 5), (B, 6)}

    def test_extending_lengthens_and_keeps_mark_and_crowd(self, contract_kernel: Kernel) -> None:
        contract_kernel.perform([Admit(A, 5, 100), Extend(A, 5, 1_000)])
        element = contract_kernel.element(A)
        assert element is not None and element.mark == 5 and element.seconds_left > 900

    def test_extending_shortens_as_well(self, contract_kernel: Kernel) -> None:
        contract_kernel.perform([Admit(A, 5, 1_000), Extend(A, 5, 100)])
        element = contract_kernel.element(A)
        assert element is not None and element.seconds_left <= 100

    def test_extending_one_that_is_gone_admits_it(self, contract_kernel: Kernel) -> None:
        contract_kernel.perform([Extend(A, 5, 100)])
        assert contract_kernel.element(A) is not None

    def test_removing_removes_and_removing_twice_is_no_error(self, contract_kernel: Kernel) -> None:
        contract_kernel.perform([Admit(A, 5, 100), Remove(A, 5), Remove(A, 5)])
        assert contract_kernel.element(A) is None
        assert contract_kernel.listing().people == ()

    def test_time_ends_an_admission_by_itself(self, contract_kernel: Kernel) -> None:
        contract_kernel.perform([Admit(A, 5, 1), Admit(B, 6, 100)])
        self.wait(1.3)
        assert contract_kernel.element(A) is None
        assert [e.mac for e in contract_kernel.listing().people] == [B]

    def test_flags_go_up_down_and_fall_by_themselves(self, contract_kernel: Kernel) -> None:
        contract_kernel.perform([Raise("grace", 50), Raise("offline", 50), Raise("grace", 500)])
        listing = contract_kernel.listing()
        assert listing.offline and listing.grace_left is not None and listing.grace_left > 400
        contract_kernel.perform([Raise("offline", 1)])  # only now: an emulated kernel may take a second to be read
        self.wait(1.3)
        assert not contract_kernel.listing().offline
        contract_kernel.perform([Lower("grace"), Lower("grace"), Lower("offline")])
        assert contract_kernel.listing().grace_left is None

    def test_freeing_an_unknown_mark_is_no_error(self, contract_kernel: Kernel) -> None:
        contract_kernel.perform([FreeMark(9), FreeMark(10)])
        assert contract_kernel.carried() == ({}, {})

    def test_what_a_person_has_used_is_kept_by_device_written_anew_and_forgotten_together(self, contract_kernel: Kernel) -> None:
        contract_kernel.perform([Spend(A, 700), Spend(B, 5_000_000_000), Spend(A, 900), Admit(A, 5, 100), Remove(A, 5)])
        assert contract_kernel.listing().spent == {A: 900, B: 5_000_000_000}
        contract_kernel.perform([ForgetSpent(), ForgetSpent()])
        assert contract_kernel.listing().spent == {}

    def test_a_stamp_stands_beside_the_sets_is_written_anew_and_stays_when_they_are_emptied(self, contract_kernel: Kernel) -> None:
        contract_kernel.perform([Stamp("6f1c7f0e-1a2b-4c3d-8e9f-0123456789ab"), Stamp("b-1", 739_000)])
        contract_kernel.perform([Admit(A, 5, 100), Remove(A, 5)])
        assert contract_kernel.listing().stamp == Stamp("b-1", 739_000)
        contract_kernel.perform([Stamp("b-2")])
        assert contract_kernel.listing().stamp == Stamp("b-2")

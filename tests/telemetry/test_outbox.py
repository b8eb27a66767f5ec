"""The outbox on its disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.clock import Moment
from appliance.errors import NotSo
from telemetry.message import Ack
from telemetry.metrics import Fewer
from telemetry.noise import Released
from telemetry.outbox import Outbox

BOOT, LATER = b"b" * 16, b"c" * 16
MOMENT = Moment(1_800_000_000.0, 60.0, "floor")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.sqlite"


def fill(outbox: Outbox, many: int, boot: bytes = BOOT) -> list[int]:
    return [outbox.add(boot, MOMENT, {1: n, 20: "cake", 21: Fewer(10)}) for n in range(many)]


def test_rows_come_back_as_they_went_in_and_survive_a_restart(path: Path) -> None:
    outbox = Outbox(path)
    sequences = fill(outbox, 3)
    outbox.close()
    boot, rows = Outbox(path).oldest()
    assert boot == BOOT and [row.sequence for row in rows] == sequences
    assert rows[2].values == {1: 2, 20: "cake", 21: Fewer(10)}
    assert (rows[0].uptime, rows[0].wall, rows[0].trust) == (60, 1_800_000_000, "floor")


def test_only_what_is_acknowledged_goes(path: Path) -> None:
    outbox = Outbox(path)
    sequences = fill(outbox, 5)
    assert outbox.acknowledge(Ack(outbox.journal, sequences[2])) == 3
    assert [row.sequence for row in outbox.oldest()[1]] == sequences[3:]
    assert outbox.acknowledge(Ack(outbox.journal, sequences[1])) == 0


def test_an_acknowledgement_for_another_outbox_deletes_nothing(path: Path) -> None:
    outbox = Outbox(path)
    fill(outbox, 2)
    assert outbox.acknowledge(Ack(b"another!", 2**50)) == 0
    assert outbox.count() == 2


def test_a_batch_holds_rows_of_one_boot(path: Path) -> None:
    outbox = Outbox(path)
    fill(outbox, 2)
    fill(outbox, 3, LATER)
    boot, rows = outbox.oldest()
    assert boot == BOOT and len(rows) == 2
    outbox.acknowledge(Ack(outbox.journal, rows[-1].sequence))
    boot, rows = outbox.oldest()
    assert boot == LATER and len(rows) == 3


def test_when_full_the_oldest_go_and_are_counted_for_good(path: Path) -> None:
    outbox = Outbox(path, limit=10)
    sequences = fill(outbox, 25)
    assert outbox.dropped == 15
    assert [row.sequence for row in outbox.oldest()[1]] == sequences[-10:]
    outbox.close()
    assert Outbox(path, limit=10).dropped == 15


def test_a_sequence_is_never_used_again_even_after_all_is_acknowledged_and_restarted(path: Path) -> None:
    outbox = Outbox(path)
    last = fill(outbox, 3)[-1]
    outbox.acknowledge(Ack(outbox.journal, last))
    outbox.close()
    assert fill(Outbox(path), 1)[0] > last


def test_a_damaged_file_is_set_aside_and_keys_of_the_new_one_do_not_repeat_the_old(path: Path) -> None:
    outbox = Outbox(path)
    old, journal = fill(outbox, 50), outbox.journal
    outbox.close()
    path.write_bytes(b"not a database, not at all" * 400)
    new = Outbox(path)
    assert new.journal != journal
    assert not set(fill(new, 50)) & set(old)
    assert path.with_suffix(".damaged").exists()


def test_what_was_told_about_people_is_told_again_after_a_restart(path: Path) -> None:
    outbox = Outbox(path)
    secret = outbox.secret
    outbox.keep_release("people_online", Released("boot/3", 17))
    outbox.keep_release("people_active", Released("boot/3", Fewer(10)))
    outbox.close()
    outbox = Outbox(path)
    assert outbox.secret == secret
    assert outbox.released("people_online") == Released("boot/3", 17)
    assert outbox.released("people_active") == Released("boot/3", Fewer(10))
    assert outbox.released("else") is None


def test_a_folder_that_is_gone_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(NotSo) as refused:
        Outbox(tmp_path / "nowhere" / "outbox.sqlite")
    assert "\n" not in str(refused.value) and "nowhere" in str(refused.value) and refused.value.mend


def test_nobody_else_may_read_it(path: Path) -> None:
    Outbox(path)
    assert path.stat().st_mode & 0o077 == 0


def test_every_row_is_flushed_to_the_disk_before_it_counts_as_kept(path: Path) -> None:
    """2 is FULL: with NORMAL, SQLite in WAL mode loses the last rows at a power cut."""
    outbox = Outbox(path)
    assert outbox._db.execute("PRAGMA synchronous").fetchone() == (2,)
    outbox.close()

"""What earlier boots have left in flash is found at the next start: it is sent, or lost and
counted."""

import os
import struct

from islog import spool_records as records
from islog.spool_recovery import Recovery
from spools import BATCH, check_times, outage, spooling
from virtual_board import files, flash, raises, time

ME, OTHER = b"bootroom", b"elseroom"


def readings(count):
    return records.READINGS, count, 8 * count, (b"r" * 8 * count,)


def found(path, blind=False):
    """What Recovery finds: itself, and the (number, count, bytes behind) of each file."""
    recovery = Recovery(path, blind)
    recovery.find()
    return recovery, [(s.number, s.count, s.extra) for s in recovery.segments]


def test_what_is_in_flash_is_sent_after_a_power_cut_first_and_in_order():
    board = spooling()
    board.run(2)
    outage(board, 500)
    spooled = board.logger.spooled
    assert spooled > 400
    board.reboot()
    assert board.logger.spooled == spooled + BATCH and board.logger.pending == 0
    outage(board, 10, first=1000)
    board.run(300)
    assert board.values() == list(range(spooled + BATCH)) + list(range(1000, 1010))
    check_times(board)
    assert board.logger.recovered == spooled + BATCH and board.logger.sent == 10
    assert board.logger.lost == 0 and files(board.path) == []


def test_a_sync_is_in_flash_before_the_readings_that_need_it_are_sent():
    board = spooling()
    board.ntp.silent = True
    outage(board, 300)
    spooled = board.logger.spooled
    board.ntp.silent = False
    board.server.down = True
    board.run(900)
    assert board.logger.synced
    board.reboot()
    board.server.down = False
    board.run(300)
    got = board.values()
    assert got == list(range(spooled)) and board.logger.recovered == spooled
    check_times(board)


def test_what_a_boot_without_any_time_has_left_is_counted_as_lost_and_never_sent():
    board = spooling()
    board.ntp.silent = True
    outage(board, 300)
    spooled = board.logger.spooled
    board.reboot()
    board.ntp.silent = False
    board.log("t", 1000)
    board.run(60)
    assert board.logger.lost == spooled and files(board.path) == []
    assert board.values() == [1000]
    assert board.values("islog.dropped") == [spooled]


def test_another_bucket_does_not_get_the_old_ones_readings():
    board = spooling()
    board.run(2)
    outage(board, 300)
    spooled = board.logger.spooled
    board.reboot(bucket_name="attic")
    board.log("t", 1000)
    board.run(60)
    assert board.logger.lost == spooled + BATCH and "bucket" in board.logger.last_error
    assert board.values() == [1000]


def test_a_card_that_comes_late_is_not_written_to_before_it_was_looked_at():
    from storage import Storage

    board = spooling()
    board.run(2)
    outage(board, 200)
    left = board.logger.spooled + BATCH
    time.advance(36000000)
    with Storage() as storage:
        storage.absent = True
        board.reboot()
        assert "cannot be read" in board.logger.last_error
        outage(board, 20, first=1000)
        assert board.logger.spooled == 0
        storage.absent = False
        outage(board, 100, first=1020)
        assert board.logger.spooled > left
    board.reboot()
    board.run(300)
    got = board.values()
    assert got[:left] == list(range(left)) and set(got[left:]) <= set(range(1000, 1120))
    check_times(board)


def test_files_are_found_in_the_order_of_their_numbers_and_others_are_passed_over():
    path = flash()
    for number, count in ((9, 3), (10, 4), (2, 5)):
        records.append("%s.%d" % (path, number), ME, [readings(count)])
    for name in (".07", ".tmp", ".", "x.3", ".99999999999"):
        with open(path + name, "wb") as f:
            f.write(b"a user's own")
    recovery, files = found(path)
    assert files == [(2, 5, 0), (9, 3, 0), (10, 4, 0)]
    assert (recovery.number, recovery.passed, recovery.unread) == (11, (0, 0, 0), 0)
    assert found(flash())[1] == []


def test_what_was_sent_before_the_end_is_not_counted_again():
    path = flash()
    records.append(path + ".1", ME, [readings(3)])
    records.append(path + ".2", ME, [readings(4), readings(5)])
    passed = 2, records.HEAD + 32, 2  # of the second record there, two
    entry = records.PASSED, 0, 12, (struct.pack("<III", *passed),)
    records.append(path + ".3", ME, [entry, readings(6)])
    recovery, files = found(path)
    assert recovery.passed == passed
    assert files == [(1, 0, 0), (2, 3, 0), (3, 6, 0)]


def test_a_torn_end_counts_unless_its_boot_has_written_it_once_more():
    for who, count in ((ME, 3), (OTHER, 3 + 5)):
        path = flash()
        records.append(path + ".1", ME, [readings(3), readings(9)])
        with open(path + ".1", "rb") as f:
            data = f.read()
        with open(path + ".1", "wb") as f:
            f.write(data[:-8])  # in the 84 bytes that are left, five at most have room
        records.append(path + ".2", who, [readings(9)])
        assert found(path)[1] == [(1, count, 84), (2, 9, 0)]


def test_a_file_that_cannot_be_read_stops_the_search_until_it_is_passed_over():
    from storage import Storage

    path = flash()
    records.append(path + ".1", ME, [readings(3)])
    records.append(path + ".2", ME, [readings(4)])
    with Storage() as storage:
        storage.errors = [OSError(5)]
        raises(OSError, found, path)
        storage.errors = [OSError(5)] * 3  # both for PASSED, then the first one
        recovery, files = found(path, blind=True)
        assert recovery.unread == 1 and files == [(2, 4, 0)]
    os.mkdir(path + ".3")
    recovery, files = found(path)  # a folder never can
    os.rmdir(path + ".3")
    assert recovery.unread == 1 and files == [(1, 3, 0), (2, 4, 0)]

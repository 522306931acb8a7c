"""What earlier boots have left in flash is found at the next start: it is sent, or lost and
counted."""

from spools import BATCH, check_times, outage, spooling
from virtual_board import files, time


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

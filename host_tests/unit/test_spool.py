"""Readings that outlast an outage and a power cut, in the board's flash."""

import os

from virtual_board import NOW_MS, Board, files, flash, raises, time

# 16 bytes a number: a ring of 1 KB holds 64, and a record of 512 bytes some 30.
SMALL = {"buffer_bytes": 1024, "batch_bytes": 512, "spool_bytes": 64000, "flush_interval": 0}


def spooling(**settings):
    given = dict(SMALL)
    given["spool_file"] = flash()
    given.update(settings)
    board = Board(**given)
    board.path = given["spool_file"]
    board.true_ms = {}  # when each was logged
    return board


# The first reading of an outage() is in the batch when that begins: pending there, not `spooled`,
# but in flash as well once anything is.
BATCH = 1


def outage(board, count, first=0):
    """Log `count` readings, one a second, while no server is there."""
    board.server.down = True
    for i in range(first, first + count):
        board.true_ms[i] = NOW_MS + time.up_ms()
        board.log("t", i)
        board.run(1)
    board.server.down = False


def check_times(board):
    for value, at_ms in zip(board.values(), board.times_ms()):
        assert abs(at_ms - board.true_ms[value]) <= 20


def test_an_outage_longer_than_the_ring_loses_nothing():
    board = spooling()
    board.run(2)
    outage(board, 1000)
    assert board.logger.dropped == 0
    assert board.logger.spooled > 800 and board.logger.pending == 1000
    board.run(600)
    assert board.values() == list(range(1000))
    check_times(board)
    assert board.logger.sent == 1000 and board.logger.pending == board.logger.spooled == 0
    assert files(board.path) == []


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


def test_a_clean_end_saves_everything_and_nothing_is_sent_twice():
    board = spooling(timeout=1)
    board.run(2)
    outage(board, 300)
    board.server.down = True
    assert not board.logger.close()
    assert board.logger.pending == board.logger.dropped == 0
    board.check_books()
    assert board.logger.poll() == 1000 and not board.logger.log("t", 0)
    board.reboot()
    board.server.down = False
    board.run(1)
    half = len(board.values())
    assert 0 < half < 300
    board.server.down = True
    board.run(5)
    board.logger.close()
    board.server.down = False
    board.reboot()
    board.run(300)
    assert board.values() == list(range(300))
    assert board.logger.recovered == 300 - half and board.logger.lost == 0
    assert files(board.path) == []


def test_a_board_that_boots_into_a_dead_router_spools_and_finds_its_times_later():
    board = spooling()
    board.ntp.silent = True
    outage(board, 300)
    assert board.logger.state == "no time" and board.logger.spooled > 200
    board.ntp.silent = False
    board.run(900)
    assert board.values() == list(range(300))
    check_times(board)


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


def test_each_kind_of_value_is_the_same_when_it_comes_back():
    board = spooling()
    board.run(2)
    board.server.down = True
    values = [1.5, -7, True, False, 'say "hi"\n', "°C", "", 1 << 40, -(1 << 62), 0, 2.5e-7]
    for n in range(20):
        for i in range(len(values)):
            board.log("s%d" % i, values[i], None if n % 2 else 1796000000 + n)
        board.run(1)
    board.logger.close()
    board.server.down = False
    board.reboot()
    board.run(120)
    assert board.logger.recovered == 20 * len(values) and board.logger.lost == 0
    for i in range(len(values)):
        assert board.values("s%d" % i) == [values[i]] * 20
    given = [e for _, _, e in board.server.readings if "." not in e]
    assert given == [str(1796000000 + n) for n in range(0, 20, 2) for _ in values]


def test_one_error_while_flash_is_read_costs_nothing():
    from storage import Storage

    for error in (MemoryError("no memory"), OSError(12), OSError(24), OSError(5)):
        for reboots in (False, True):
            board = spooling()
            board.run(2)
            outage(board, 300)
            with Storage() as storage:
                storage.errors = [error]
                if reboots:
                    board.reboot()
                    board.log("t", 1000)
                while storage.errors:
                    time.advance(max(1, board.logger.poll()))
                assert "cannot be read" in board.logger.last_error
                board.run(300)
            log = board.logger
            got = board.values()
            assert got == list(range(log.recovered or 300)) + [1000] * reboots
            assert log.recovered > 270 or not reboots
            assert log.lost == log.dropped == 0 and files(board.path) == []


def test_flash_that_cannot_be_read_for_long_keeps_its_readings_and_holds_nothing_up():
    from storage import Storage

    board = spooling()
    board.run(2)
    outage(board, 300)
    with Storage() as storage:
        storage.errors = [OSError(5)] * 18
        board.reboot()
        board.log("t", 1000)
        board.run(120)
        assert board.values() == [1000] and storage.errors
        board.run(1800)
    assert board.values() == [1000] + list(range(board.logger.recovered))
    assert board.logger.recovered > 270 and board.logger.lost == 0


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


def test_a_full_flash_collects_nothing_and_takes_readings_again_when_it_has_room():
    from storage import Storage

    board = spooling()
    board.run(2)
    with Storage() as storage:
        storage.full = True
        outage(board, 1000)
        assert len(files(board.path)) <= 1 and board.logger.dropped > 900
        storage.full = False
        outage(board, 1300, first=1000)  # the next try is at most 600 s away
        assert board.logger.spooled > 300
        most = 0
        while board.logger.pending:
            before = storage.opened
            time.advance(max(1, board.logger.poll()))
            most = max(most, storage.opened - before)
        assert most == 1
    board.check_books()
    assert board.values()[-1] == 2299 and files(board.path) == []


def test_where_flash_becomes_full_the_oldest_in_it_make_room():
    from storage import Storage

    board = spooling()
    board.run(2)
    outage(board, 700)
    held = board.logger.spooled
    board.server.down = True
    with Storage() as storage:
        storage.full = True
        for i in range(700, 760):
            board.log("t", i)
            board.run(1)
    assert board.logger.spooled < held
    outage(board, 100, first=760)
    board.run(300)
    got = board.values()
    assert got[-1] == 859 and len(got) + board.logger.dropped == 860


def test_a_board_that_wakes_logs_and_sleeps_takes_no_more_flash_than_it_may():
    board = spooling(spool_bytes=22000, timeout=1)
    board.server.down = True
    n = 0
    for _ in range(180):
        for _ in range(6):
            board.log("t", n)
            n += 1
        board.run(1)
        board.logger.close()
        board.reboot()
    blocks = [-(-os.stat(path)[6] // 4096) for path in files(board.path)]
    assert 4 <= sum(blocks) <= 5
    board.server.down = False
    board.run(600)
    got = board.values()
    assert got == list(range(got[0], n)) and len(got) > 400
    assert board.logger.recovered == len(got) and files(board.path) == []


def test_a_board_that_sends_a_little_whenever_it_wakes_comes_to_an_end():
    board = spooling(timeout=1)
    board.run(2)
    outage(board, 400)
    board.server.down = True
    board.logger.close()
    for _ in range(200):
        board.reboot()
        board.server.down = False
        for _ in range(8):
            time.advance(max(1, min(board.logger.poll(), 200)))
        board.server.down = True
        board.logger.close()
        if not files(board.path):
            break
    assert sorted(set(board.values())) == list(range(400)) and len(board.values()) < 440


def test_a_damaged_record_costs_its_own_readings_and_no_others():
    board = spooling()
    board.run(2)
    outage(board, 300)
    held = board.logger.spooled + BATCH
    with open(files(board.path)[0], "rb") as f:
        data = bytearray(f.read())
    data[1500] ^= 1  # in the midst of one
    with open(files(board.path)[0], "wb") as f:
        f.write(data)
    board.reboot()
    board.run(300)
    got = board.values()
    assert 0 < board.logger.lost <= 32 and "damaged" in board.logger.last_error
    assert len(got) == held - board.logger.lost and got[0] == 0 and got[-1] == held - 1


def test_two_loggers_with_one_spool_are_refused_at_the_second():
    import islog

    board = spooling()
    board.run(2)
    outage(board, 200)
    before = files(board.path)
    given = dict(board._given)
    error = raises(islog.ConfigError, islog.Logger, **given)
    assert "spool_file" in str(error) and "close()" in str(error)
    assert files(board.path) == before
    board.run(300)
    assert board.values() == list(range(200))
    board.logger.close()
    islog.Logger(**given).close()
    # One that was thrown away without a close() has not been used for a while.
    islog.Logger(**given)
    time.advance(61000)
    islog.Logger(**given)


def test_where_the_spool_is_full_the_oldest_go_and_are_counted():
    board = spooling(spool_bytes=22000)
    board.run(2)
    outage(board, 2000)
    # A file takes whole blocks of 4096 bytes, and five of them are fewer than 22,000.
    blocks = [-(-os.stat(path)[6] // 4096) for path in files(board.path)]
    assert 4 <= sum(blocks) <= 5
    log = board.logger
    assert log.dropped > 700
    board.run(300)
    got = board.values()
    assert got[-1] == 1999 and len(got) == 2000 - log.dropped == log.sent
    # One gap, behind what had left the ring before the outage was noticed.
    steps = [b - a for a, b in zip(got, got[1:])]
    assert all(step > 0 for step in steps) and len([step for step in steps if step > 1]) <= 1
    assert board.values("islog.dropped")[-1] == log.dropped


def test_a_half_written_record_is_skipped_and_counted():
    for cut in (1, 11, 13, 40, 300):
        board = spooling()
        board.run(2)
        outage(board, 60)
        last = files(board.path)[-1]
        whole = board.logger.spooled + BATCH
        before = os.stat(last)[6]
        while os.stat(last)[6] == before:
            outage(board, 1)
        torn = board.logger.spooled + BATCH - whole
        with open(last, "rb") as f:
            data = f.read(before + cut)
        with open(last, "wb") as f:
            f.write(data)
        board.reboot()
        assert whole < board.logger.spooled <= whole + torn
        board.run(120)
        assert board.logger.recovered == whole and 1 <= board.logger.lost <= torn


def test_a_changed_byte_is_noticed_and_nothing_garbled_is_sent():
    board = spooling()
    board.run(2)
    outage(board, 300)
    spooled = board.logger.spooled + BATCH
    path = files(board.path)[0]
    with open(path, "rb") as f:
        data = bytearray(f.read())
    data[len(data) // 2] ^= 1
    with open(path, "wb") as f:
        f.write(data)
    board.reboot()
    board.run(300)
    log = board.logger
    assert log.lost > 0 and log.recovered + log.lost == spooled
    got = board.values()
    assert len(got) == log.recovered and got == sorted(got) and max(got) < 300


def test_flash_that_cannot_be_written_is_told_and_the_ring_goes_on():
    board = spooling(spool_file="/nowhere/at/all")
    board.run(2)
    outage(board, 300)
    log = board.logger
    assert log.dropped > 100 and log.spooled == 0
    board.run(60)
    assert board.values()[-1] == 299
    assert log.sent == 300 - log.dropped


def interrupted(board, storage, seconds):
    """As Board.run(), by a program that goes on after Ctrl-C; how often that came. Meanwhile the
    collector closes what was left open."""
    end, caught = time.up_ms() + seconds * 1000, 0
    while time.up_ms() < end:
        try:
            time.advance(max(1, board.logger.poll()))
        except KeyboardInterrupt:
            caught += 1
            last = files(board.path)[-1:]
        if caught and files(board.path)[-1:] != last:
            storage.collect()
        board.check_books()
    return caught


def test_ctrl_c_in_the_midst_of_a_write_costs_no_record_before_or_behind_it():
    from storage import Storage

    for ends, closes in (
        ([(0, KeyboardInterrupt())], []),
        ([(7, KeyboardInterrupt())], []),
        ([(24, KeyboardInterrupt())], []),
        ([(300, KeyboardInterrupt())], []),
        ([], [KeyboardInterrupt()]),
        ([], [KeyboardInterrupt(), KeyboardInterrupt()]),
        ([(100, KeyboardInterrupt())], [KeyboardInterrupt(), KeyboardInterrupt()]),
        ([(100, MemoryError())], []),
        ([(100, OSError(5))], []),
        ([(100, RuntimeError("a driver's"))], [OSError(5)]),
    ):
        board = spooling()
        board.run(2)
        with Storage() as storage:
            outage(board, 60)
            storage.write_ends[:], storage.close_ends[:] = ends, closes
            board.server.down = True
            caught = 0
            for i in range(60, 150):
                board.true_ms[i] = NOW_MS + time.up_ms()
                board.log("t", i)
                caught += interrupted(board, storage, 1)
            assert storage.write_ends == storage.close_ends == []
            assert caught == ("KeyboardInterrupt" in repr(ends + closes))
            storage.collect()
            held = board.logger.spooled + BATCH
            board.reboot()
            board.server.down = False
            board.run(300)
        # What was written to its end by whom nobody heard any more comes twice.
        again = 31 if closes and not ends else 0
        assert sorted(set(board.values())) == list(range(held)) and held > 100
        assert board.logger.recovered == held + again and files(board.path) == []


def test_flash_is_not_written_while_readings_go_out():
    board = spooling()
    board.run(2)
    for i in range(500):
        board.log("t", i)
        board.run(1)
        assert files(board.path) == []
    assert board.logger.close() and files(board.path) == []
    assert board.values() == list(range(500))


def test_flash_is_written_once_for_each_batch_bytes():
    board = spooling()
    board.run(2)
    writes = 0
    sizes = []
    board.server.down = True
    for i in range(640):
        board.log("t", i)
        board.run(1)
        now = [os.stat(path)[6] for path in files(board.path)]
        writes += now != sizes
        sizes = now
    assert board.logger.spooled <= writes * 32
    assert writes <= 640 * 16 // 512 + 5


def test_settings_of_the_spool_belong_together():
    import islog

    for wrong in (
        {"spool_file": "x"},
        {"spool_bytes": 30000},
        {"spool_file": "x", "spool_bytes": 20000},
    ):
        assert "spool_bytes" in str(raises(islog.ConfigError, Board, **wrong))


def test_dropped_readings_show_in_the_data_unless_that_is_turned_off():
    board = Board(buffer_bytes=1024, flush_interval=0)
    board.true_ms = {}
    board.run(2)
    outage(board, 300)
    board.run(60)
    log = board.logger
    assert log.dropped > 0 and board.values("islog.dropped") == [log.dropped]
    assert log.sent == 300 - log.dropped == len(board.values())
    board = Board(buffer_bytes=1024, flush_interval=0, report_dropped=False)
    board.true_ms = {}
    board.run(2)
    outage(board, 300)
    board.run(60)
    assert board.logger.dropped > 0 and board.values("islog.dropped") == []

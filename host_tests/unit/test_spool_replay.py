"""What is in flash comes back into memory as it was, and is sent once, whatever fails."""

import virtual_board
from samples import paired
from spools import outage, spooling
from virtual_board import Board, files, time


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

    errors = MemoryError("no memory"), OSError(12), OSError(24), OSError(5)
    for error, reboots in paired(errors, (False, True)):
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


def test_the_answer_to_a_batch_that_flash_had_to_give_up_meanwhile_changes_nothing():
    settings = {"spool_file": virtual_board.flash(), "spool_bytes": 8192, "buffer_bytes": 1024}
    settings.update(batch_bytes=512, flush_interval=0, timeout=60, transport="kept")
    board = Board(**settings)
    board.run(3)
    board.server.always = 503
    for i in range(200):
        board.log("t", i)
        board.run(1)
    board.server.always = 400
    board.server.pieces = lambda raw, keep: [(20000, raw)]
    board.run(120)  # the answer takes so long
    for i in range(100):
        for _ in range(12):  # what is in flash is pushed out
            board.log("u", i)
        board.logger.poll()
        board.check_books()
    board.run(60)
    board.server.always = None
    board.server.pieces = lambda raw, keep: [(0, raw)]
    board.log("last", 1)
    board.run(900)
    assert board.values("last") == [1] and board.logger.pending == 0


def wakes(board, kinds):
    """Wake, log, and go to sleep without ever knowing the time. `kinds`: for each reading, whether
    the program gave its time. Returns the values of those."""
    board.server.down = board.ntp.silent = True
    given = []
    for n in range(len(kinds)):
        if kinds[n]:
            board.log("t", n, (1800000000 + n, 250000))
            given.append(n)
        else:
            board.log("t", n)
    board.run(3)
    board.logger.close()
    return given


def test_a_time_that_the_program_gave_is_enough_though_the_boot_never_knew_it():
    for kinds in ([0, 1], [1, 0], [1, 1], [0, 0], [1, 0, 0, 1] * 30, [0] * 40 + [1] * 40):
        board = spooling(timeout=1, buffer_bytes=8192)
        given = wakes(board, kinds)
        board.reboot()
        board.server.down = board.ntp.silent = False
        board.run(120)
        assert board.values() == given
        assert board.times_ms() == [1800000000250 + 1000 * n for n in given]
        log = board.logger
        assert (log.recovered, log.lost) == (len(given), len(kinds) - len(given))
        assert log.spooled == 0 and ("never known" in (log.last_error or "")) == (log.lost > 0)


def test_given_times_of_such_boots_all_arrive_though_the_power_fails_while_they_are_sent():
    for kinds in ([1, 0, 0, 1] * 30, [1] * 40 + [0] * 40, [0, 1] * 60):
        board = spooling(timeout=1, batch_bytes=300, buffer_bytes=8192)
        given = wakes(board, kinds)
        for seconds in range(1, 25):
            board.reboot()
            board.server.down = board.ntp.silent = False
            board.run(seconds % 4)
            board.server.down = True
            board.logger.close()
        board.reboot()
        board.server.down = False
        board.run(120)
        assert sorted(set(board.values())) == given
        assert board.logger.spooled == 0

"""Records in flash, torn and damaged: they cost their own readings, and no others."""

import os

from spools import BATCH, outage, spooling
from virtual_board import NOW_MS, files, time


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

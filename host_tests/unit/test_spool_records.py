"""Records in flash, torn and damaged: they cost their own readings, and no others."""

import io
import os

from islog import spool_records as records
from islog.spool_records import HEAD, PASSED, READINGS, SYNCS, TEXT
from spools import BATCH, outage, spooling
from virtual_board import NOW_MS, files, flash, time

ME, OTHER = b"bootroom", b"elserooM"
ENTRIES = [
    (SYNCS, 0, 5, (b"a sync"[:5],)),
    (READINGS, 4, 300, (b"names", bytearray(range(256)), b"r" * 39)),
    (PASSED, 0, 12, (b"\1\0\0\0\2\0\0\0\3\0\0\0",)),
    (TEXT, 1, 8, (b"a", b"reading")),
]


def written(*entries):
    """The bytes of a file to which these were appended, two at a time."""
    path = flash()
    for i in range(0, len(entries), 2):
        size = records.append(path, ME, entries[i : i + 2])
        assert size == sum([HEAD + entry[2] for entry in entries[i : i + 2]])
    with open(path, "rb") as f:
        return f.read()


def whole(data):
    """What a reader takes of a file with these bytes: (kind, readings, who, content) each."""
    f = io.BytesIO(data)
    found = []
    for at, after, kind, count, size, who in records.chain(f, 0, len(data)):
        assert after == at + HEAD + size <= len(data)
        if records.is_whole(f, at):
            found.append((kind, count, who, f.read(size)))
    return found


def expected(entries):
    return [(kind, n, ME, b"".join([bytes(p) for p in parts])) for kind, n, _, parts in entries]


def test_what_was_appended_is_read_again_in_order():
    assert whole(written(*ENTRIES)) == expected(ENTRIES)
    assert whole(b"") == []


def test_of_a_file_that_is_torn_at_any_byte_the_whole_records_are_read():
    data = written(*ENTRIES)
    ends, end = [], 0
    for entry in ENTRIES:
        end += HEAD + entry[2]
        ends.append(end)
    for cut in range(len(data) + 1):
        count = len([end for end in ends if end <= cut])
        assert whole(data[:cut]) == expected(ENTRIES[:count]), cut


def test_of_a_record_with_a_changed_byte_nothing_is_taken_and_all_else_is():
    data = written(*ENTRIES)
    begin = HEAD + ENTRIES[0][2]
    others = expected(ENTRIES[:1] + ENTRIES[2:])
    for at in range(begin, begin + HEAD + ENTRIES[1][2]):
        for flip in (1, 0x80, 0xFF):
            changed = bytearray(data)
            changed[at] ^= flip
            got = whole(bytes(changed))
            if at - begin in (0, 1, 4, 5, 6, 7):  # kind, format, size: what is behind is not found
                assert got == others[: len(got)] and len(got) >= 1, at
            else:
                assert got == others, at


def test_a_file_of_anything_else_holds_no_records():
    for data in (b"x", b"R" * 19, b"hello " * 100, b"\0" * 4096, b"\xff" * 4096, b"R\1" * 50):
        assert whole(data) == []


def test_a_head_promises_no_more_readings_than_have_room():
    data = written((READINGS, 60000, 80, (b"x" * 80,)))
    assert records.head(io.BytesIO(data), 0) == (READINGS, 10, 80, ME)
    assert records.head(io.BytesIO(data), 1) is None
    assert records.head(io.BytesIO(data[: HEAD - 1]), 0) is None
    other = data[:1] + bytes((records.FORMAT + 1,)) + data[2:]
    assert records.head(io.BytesIO(other), 0) is None
    assert records.is_whole(io.BytesIO(data), 0)
    for cut in (0, 1, HEAD, HEAD + 1, len(data) - 1):
        assert not records.is_whole(io.BytesIO(data[:cut]), 0)


def test_the_latest_sync_of_a_boot_is_found_and_no_other_boots():
    path = flash()
    reading = READINGS, 1, 16, (b"r" * 16,)
    for who, text in ((OTHER, b"theirs"), (ME, b"first"), (ME, b"latest"), (OTHER, b"again")):
        records.append(path, who, [(SYNCS, 0, len(text), (text,)), reading])
    with open(path, "rb") as f:
        end = f.seek(0, 2)
        begin = HEAD + 6 + HEAD + 16  # the first record that is its own
        assert records.find_syncs(f, begin, end, ME, None) == b"latest"
        assert records.find_syncs(f, begin, end, ME, b"first") == b"latest"
        assert records.find_syncs(f, 0, end, OTHER, b"theirs") in (b"theirs", b"again")
        assert records.find_syncs(f, begin, end, b"somebody", None) is None


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

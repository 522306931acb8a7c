"""Machine code does what bytecode does: log() and move(). Where a port cannot compile it, as
CPython, the one in bytecode is held against itself, and what comes of it against what should."""

import batches
from islog.bytecode import PlainRing
from rings import Ring, drain, dropped, handed_on, make
from virtual_board import Board, time


def test_a_board_with_heap_to_spare_has_it_by_default():
    for given, expected in (({}, Ring), ({"native": True}, Ring), ({"native": False}, PlainRing)):
        board = Board(**given)
        assert type(board.logger._ring) is expected
        assert type(board.logger._uplink.batch) is (
            batches.Fast if expected is Ring else batches.PlainBatch
        )
        board.log("t", 21.5)
        assert board.logger.flush()
        assert board.values() == [21.5]


def test_the_fast_and_the_plain_way_store_the_same():
    own, twin = make(160), make(160)
    values = [0, -1, 2**30 - 1, -(2**30), 2**30, -(2**30) - 1, 2**70, 0.5, -1e30, True, False]
    values += ["text", None, float("nan"), float("inf"), -float("inf"), 3e38, 1e-38, 0.0]
    for step in range(3 * len(values)):
        value = values[step % len(values)]
        assert own.log("t", value) is PlainRing.log(twin, "t", value)
        for signal, given in (("new", None), ("t", 0)):
            assert (
                own.log(signal, value, given) is PlainRing.log(twin, signal, value, given) is False
            )
            assert handed_on[-1][1] is value is handed_on[-2][1]
        time.advance(2**28 + 1)
        assert (own.count, dropped(own)) == (twin.count, dropped(twin))
    assert own.words[: own.size] == twin.words[: own.size] and dropped(own) > 0
    assert drain(own) == drain(twin)


def test_machine_code_and_bytecode_agree_at_the_ends_of_what_a_clock_can_hold():
    for first in (0, 1, 2**29, 2**30 - 3, 2**30 - 1):
        for ms in (0, 1, 12345, 99999989, 99999999):
            for last_ms in (-(10**8), -1, 0, ms - 1, ms, ms + 1, ms + 2000):
                board_clock = batches.Clock()
                board_clock.offset_ms, board_clock.last_sent_ms = ms - first, max(last_ms, ms)
                board_clock.valid_until = first + min(20000, 10**8 - ms)
                batch = batches.make()
                store = Ring(128, board_clock, None)
                store.add_signal("t", batch.signal_json("t"))
                stamps = [min(first + i * 2, 2**30 - 1) for i in range(4)]
                for i, ticks in enumerate(stamps):
                    store.log("t", i)
                    store.words[4 * i] = ticks
                batch.set_time(17960, board_clock.last_sent_ms)
                batches.readings(batch, store, 0, board_clock)  # compares the two
                taken = [ticks for ticks in stamps if ticks < first + min(20000, 10**8 - ms)]
                expected = [max(last_ms, ticks + ms - first) for ticks in taken]
                sent = [part.split("}")[0] for part in batches.text_of(batch).split('"e":')[1:]]
                shown = ["%d.%03d" % divmod(1796000000000 + ms, 1000) for ms in expected]
                assert sent == shown and board_clock.last_sent_ms == expected[-1]

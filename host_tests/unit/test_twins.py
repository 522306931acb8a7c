"""The twins do the same: native.py and native_text.py, in machine code, and bytecode.py, which
takes the place of both where a port cannot compile that. CPython is such a port: there bytecode.py
is held against itself, and what comes of it against what should."""

import batches
from islog import bytecode, ring
from islog.batch import is_plain
from rings import drain, dropped, make
from virtual_board import time


def test_the_fast_and_the_plain_way_find_the_same_escapes():
    for c in range(128):
        for text in (b"", b"ab", b"abc"):
            data = bytearray(text + bytes((c,)) + text)
            expected = c > 31 and c not in b'"\\'
            assert is_plain(data, 32) == bytecode.is_plain(data, 32) == expected
            assert is_plain(data, 0) and bytecode.is_plain(data, 0)
    assert is_plain(bytearray(), 32) and bytecode.is_plain(bytearray(), 32)


def test_the_fast_and_the_plain_way_store_the_same():
    own, twin = make(160), make(160)
    values = [0, -1, 2**30 - 1, -(2**30), 2**30, -(2**30) - 1, 2**70, 0.5, -1e30, True, False]
    values += ["text", None, float("nan"), float("inf"), -float("inf")]
    for step in range(3 * len(values)):
        value = values[step % len(values)]
        assert own.log("t", value) == bytecode.Steps.log(twin, "t", value)
        assert own.log("new", value) == bytecode.Steps.log(twin, "new", value) == "other"
        assert own.log("t", value, 0) == bytecode.Steps.log(twin, "t", value, 0) == "other"
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
                store = ring.Ring(128, board_clock, None)
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

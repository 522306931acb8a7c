"""The twins do the same: native.py and native_text.py, in machine code, and bytecode.py, which
takes the place of both where a port cannot compile that. CPython is such a port: there bytecode.py
is held against itself, and what comes of it against what should."""

import batches
from islog import bytecode, ring
from islog.batch import is_plain
from rings import Taken, drain, dropped, make, oldest
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


def fields(store):
    """All that tells what is in a ring. (Its `_stop` may be too low for a while, and what lies
    where nothing is does not matter.)"""
    names = "head", "count", "overflows", "missed", "rejected", "pinned"
    found = [getattr(store, name) for name in names]
    return found, store._tail % store.size, sorted(store.keys), store.signals


def with_one_more(store, number):
    """What add_signal() publishes for a new signal."""
    keys = dict(store.keys)
    keys["s%d" % number] = len(keys) << 10 | 0x800000
    return keys, store.signals + [number], keys.get


def test_whatever_steps_a_ring_takes_the_twins_end_in_the_same_state():
    plain = bytecode.Steps
    seed = 1
    own, twin = make(160, "t", "other"), make(160, "t", "other")
    for number in range(4000):
        seed = seed * 1103515245 + 12345 & 0x7FFFFFFF
        choice = seed >> 16
        what = choice % 9
        if what < 3:
            value = bytes([choice & 255]) * (choice % 40)
            given = None if choice & 1 else choice
            bits, value, given = own.packed(own.keys["other"] | ring.STR, value, given)
            done = (
                own.append(bits, number, value, given),
                plain.append(twin, bits, number, value, given),
            )
        elif what == 3:
            words = choice % 60
            done = own.make_room(words), plain.make_room(twin, words)
        elif what == 4 and own.count:
            to = Taken(), Taken()
            at = own.oldest()[4]
            done = own.hand_over(at, 1, to[0]), plain.hand_over(twin, at, 1, to[1])
            assert to[0].filled == to[1].filled == 1
        elif what == 5:
            done = own.pin(choice & 1), plain.pin(twin, choice & 1)
        elif what == 6:
            done = own.count_lost(choice & 3, 1), plain.count_lost(twin, choice & 3, 1)
        elif what == 7 and len(own.keys) < 40:
            quicker = choice & 1  # a callback has added a signal meanwhile
            done = [
                publish(store, {} if quicker else store.keys, *with_one_more(store, number))
                for store, publish in ((own, type(own).publish), (twin, plain.publish))
            ]
            assert bool(done[0]) is not bool(quicker)
        else:
            done = own.log("t", choice), plain.log(twin, "t", choice)
        assert bool(done[0]) == bool(done[1]), (number, what)
        assert fields(own) == fields(twin), (number, what)
        if own.count:
            assert oldest(own) == oldest(twin), (number, what)
            assert own.oldest()[3:] == twin.oldest()[3:], (number, what)
    assert own.overflows > 100 and drain(own) == drain(twin)

"""What lies in a ring, a batch and a clock goes to flash as bytes, and comes back as it was."""

import io

import batches
import clocks
import rings
from islog import packing, ring
from islog.bytecode import PlainRing
from virtual_board import time


def packed(store, most):
    """What a record would hold: (readings, where the next one is, bytes)."""
    count, at, size, parts = packing.pack_readings(store, most)
    data = b"".join([bytes(part) for part in parts])
    assert len(data) == size
    return count, at, data


def unpacked(data, count, skip=0):
    """What is in a ring into which this was read."""
    store = PlainRing(len(data) + 15, rings.Clock(), None)
    packing.unpack_readings(io.BytesIO(data), len(data), store, skip)
    store.state[3] = count - skip  # its `count`
    return rings.drain(store)


def filled(start):
    """A ring of readings of every kind, whose oldest begins at the word `start`."""
    store = PlainRing(320, rings.Clock(), None)
    for name in ("t", "a signal", "°C"):
        store.add_signal(name, name.encode())
    while store.head < start:
        store.log("t", 0)
        rings.release(store)
    for i in range(3):
        store.log("t", 1.5 + i)
        store.log("a signal", -i)
        store.log("°C", i == 1)
        rings.put(store, ring.STR, b"text " * i)
        rings.put(store, ring.INT, (1 << 40) + i, 1416262288913554 if i else None)
    return store


def test_readings_come_back_as_they_were_wherever_the_ring_wraps():
    expected = rings.drain(filled(0))
    assert len(expected) == 15
    for start in range(0, 84, 4):
        store = filled(start)
        count, at, data = packed(store, 10000)
        assert (count, at) == (15, store._tail % store.size), start
        assert unpacked(data, count) == expected, start
        assert store.count == 15  # they are still there, until they are handed over


def test_a_record_takes_as_many_as_have_room_and_one_at_least():
    for start in (0, 40, 68):
        expected = rings.drain(filled(start))
        for most in range(1, 400, 7):
            store = filled(start)
            got = []
            while store.count:
                count, at, data = packed(store, most)
                assert len(data) <= most or count == 1
                got += unpacked(data, count)
                store.hand_over(at, count, rings.Taken())
            assert got == expected, (start, most)


def test_of_a_record_that_was_sent_in_part_the_rest_comes_back():
    store = filled(68)
    count, _, data = packed(store, 10000)
    expected = rings.drain(store)
    for skip in range(count):
        assert unpacked(data, count, skip) == expected[skip:]


def full_batch(*readings, report=False):
    batch = batches.make()
    if report:
        assert batches.other(batch, batch.signal_json("islog.dropped"), b"7")
    for value in readings:
        assert batches.add(batch, value)
    return batch


def restored(batch, count, skip=0, size_bytes=2048):
    """What a batch would hold into which this one was read: (values, whether a report is first),
    or None."""
    starts, text = packing.pack_batch(batch)
    f = io.BytesIO(starts + bytes(text))
    other = batches.make(size_bytes)
    found = packing.unpack_batch(other, f, len(starts) + len(text), count, skip)
    if found is None:
        assert other.count == 0
        return None
    other.filled, report = found
    return batches.values(other), report


def test_a_batch_comes_back_with_the_very_same_text():
    batch = full_batch(0, 1.5, -3)
    assert batches.add_text(batch, b'say "hi"')
    assert restored(batch, 4) == ([0, 1.5, -3, 'say "hi"'], 0)
    for skip in range(4):
        assert restored(batch, 4, skip) == ([0, 1.5, -3, 'say "hi"'][skip:], 0)
    batch.first = 2  # of which the server has accepted two
    assert restored(batch, 2) == ([-3, 'say "hi"'], 0)
    starts, text = packing.pack_batch(batch)
    batch.slice(2)
    assert bytes(text)[1:-1] == bytes(batch.buffer[batch.starts[2] : batch.starts[4] - 1])


def test_a_report_in_front_of_a_batch_is_kept_and_counts_for_nothing():
    batch = full_batch(1, 2, 3, report=True)
    assert restored(batch, 3) == ([7, 1, 2, 3], 1)
    assert restored(batch, 3, 1) == ([2, 3], 0)  # it was sent with the first
    assert restored(batch, 3, 2) == ([3], 0)


def test_a_batch_that_does_not_fit_the_body_any_more_is_refused():
    batch = full_batch(*range(12))
    end = batch.starts[batch.filled]
    assert restored(batch, 12, 0, end)[0] == list(range(12))
    assert restored(batch, 12, 0, end - 1) is None
    assert restored(batch, 12, 6, end - 1)[0] == list(range(6, 12))


def test_a_clock_comes_back_with_all_that_it_knew_of_the_time():
    time.ppm = 40
    known = clocks.make()
    stamps = [clocks.stamp(known)]
    for days in (1, 3, 9, 2, 30):
        clocks.sync(known)
        for _ in range(8 * days):
            time.advance(clocks.LATE_MS)
            stamps.append(clocks.stamp(known))
    clocks.sync(known)
    again = packing.unpack_clock(packing.pack_syncs(known))
    for periods, ticks in stamps:
        assert clocks.at(again, periods, ticks) == clocks.at(known, periods, ticks)
        assert again.error_ms(periods, ticks) == known.error_ms(periods, ticks)


def test_what_a_clock_that_knows_nothing_leaves_is_empty():
    assert packing.pack_syncs(clocks.make()) == b""

"""What a body looks like on the wire: JSON that any reader takes, in one buffer of fixed size."""

import json

from islog import bytecode, ring
from islog.batch import Batch, is_plain, quote, quoted_size

FIELDS = (
    '{"b":"desk","tid":"123e4567-e89b-12d3-a456-426614174000","sn":',
    ',"v":',
    ',"e":',
)


def make(size_bytes=2048):
    batch = Batch(size_bytes, FIELDS)
    batch.set_time(17960, 123)
    return batch


def readings(batch, store, periods, clock):
    """batch.move() and its twin in bytecode, which must do the same."""
    twin = make(len(batch.buffer))
    copy = ring.Ring(4 * store.size - 16, clock, None)
    twin.text[1:] = batch.text[1:]
    twin.text[0:1] = b"["
    for name in ("filled", "_unix_block", "shown_ms"):
        setattr(twin, name, getattr(batch, name))
    twin.stamp = bytearray(batch.stamp)
    twin.starts[:] = batch.starts
    for i in range(len(store.words)):
        copy.words[i] = store.words[i]
    for name in ("head", "count", "_tail", "_stop"):
        setattr(copy, name, getattr(store, name))
    copy.signals = store.signals
    again = Clock()
    for name in ("last_sent_ms", "valid_until", "offset_ms"):
        setattr(again, name, getattr(clock, name))
    expected = bytecode.move(twin, copy, periods, again)
    assert batch.move(store, periods, clock) == expected
    assert (batch.count, batch.shown_ms) == (twin.count, twin.shown_ms)
    assert (store.count, store.head, clock.last_sent_ms) == (
        copy.count,
        copy.head,
        again.last_sent_ms,
    )
    assert batch.starts == twin.starts
    end = batch.starts[batch.filled]
    assert bytes(batch.buffer[1:end]) == bytes(twin.buffer[1:end])
    return expected


class Clock(ring.steps.Ticks):
    offset_ms = last_sent_ms = 0
    valid_until = 0x3FFFFFFF


def add(batch, value, ms=123, name="t"):
    """One number, by way of a ring; whether it was taken."""
    store = ring.Ring(64, Clock(), None)
    store.add_signal(name, batch.signal_json(name))
    kind = {float: ring.FLOAT, int: ring.INT, bool: ring.BOOL}[type(value)]
    if kind != ring.INT or -(2**30) <= value < 2**30:
        store.log(name, value)
        store.words[0] = ms
        batch.set_time(17960, ms)
        full = readings(batch, store, 0, Clock())
        assert full == store.count
        return not full
    return other(batch, batch.signal_json(name), str(value).encode())


def other(batch, *what):
    done = batch.add(*what)
    batch.filled += done
    return done


def add_text(batch, data, time=b"1"):
    return other(batch, batch.signal_json("t"), bytearray(data), time, True)


def put_text(store, name, data):
    bits, data, given = store.packed(store.keys[name] | ring.STR, data)
    assert store.put(bits, 0, data, given)


def text_of(batch, count=None):
    return str(bytes(batch.slice(batch.count if count is None else count)), "utf-8")


def values(batch, count=None):
    return [reading["v"] for reading in json.loads(text_of(batch, count))]


def test_a_reading_is_exactly_what_the_api_asks_for():
    batch = make()
    assert add(batch, 21.5, 12345)
    assert text_of(batch) == (
        '[{"b":"desk","tid":"123e4567-e89b-12d3-a456-426614174000","sn":"t","v":21.5,'
        '"e":1796000012.345}]'
    )


def test_times_are_digits_with_as_many_decimals_as_are_known():
    batch = make()
    add(batch, 1, 99999999)
    add(batch, 1, 7)
    for time in (b"1416262288.000001", b"0"):
        other(batch, batch.signal_json("t"), b"1", time)
    times = [part.split("}")[0] for part in text_of(batch).split('"e":')[1:]]
    assert times == ["1796099999.999", "1796000000.007", "1416262288.000001", "0"]


def test_every_byte_that_json_forbids_is_escaped():
    batch = make(4096)
    text = "".join(chr(i) for i in range(128)) + "°C €😀"
    data = text.encode()
    assert add_text(batch, data)
    assert values(batch) == [text]
    assert json.loads(str(quote(text), "utf-8")) == text
    assert len(quote(text)) == quoted_size(bytearray(data))
    assert "°C €😀" in text_of(batch)


def test_it_is_full_where_the_next_reading_would_not_fit_and_stays_valid():
    for size in range(256, 700, 7):
        batch = make(size)
        count = 0
        while add(batch, count):
            count += 1
        assert values(batch) == list(range(count))
        assert len(text_of(batch)) <= size
        assert not add_text(batch, b"x" * 200) or size > 500
        assert values(batch)[:count] == list(range(count))


def test_fits_is_right_to_the_byte():
    for text in (b"x" * 50, b'"' * 25):
        size = quoted_size(text)
        for total in range(160, 260):
            batch = make(total)
            added = add_text(batch, text, b"4294967295.999999")
            assert added == (len(batch.signal_json("t")) + size < batch.room)


def test_parts_of_a_batch_are_arrays_of_their_own():
    batch = make()
    for i in range(8):
        add(batch, i)
    before = text_of(batch)
    assert values(batch, 4) == [0, 1, 2, 3]
    assert values(batch, 2) == [0, 1]
    assert text_of(batch) == before
    batch.first += 2
    assert values(batch, 3) == [2, 3, 4]
    assert values(batch) == [2, 3, 4, 5, 6, 7]
    batch.first += 6
    assert batch.count == 0
    batch.clear()
    add(batch, 9)
    assert values(batch) == [9]


def test_numbers_are_sent_as_str_shows_them():
    batch = make(4096)
    numbers = [0, -1, 2**31, -(2**63), 0.1, 1e-7, -273.15, 1e30, 100000.0]
    for number in numbers:
        add(batch, number)
    add(batch, True)
    add(batch, False)
    sent = [part.split(",")[0] for part in text_of(batch).split('"v":')[1:]]
    assert sent == [str(number) for number in numbers] + ["true", "false"]


def test_many_readings_are_taken_in_one_go_until_one_is_of_another_kind():
    batch = make(4096)
    store = ring.Ring(256, Clock(), None)
    for name in ("a", "b"):
        store.add_signal(name, batch.signal_json(name))
    for i in range(5):
        store.log("a", i)
        store.log("b", i / 2)
    put_text(store, "a", b"text")
    put_text(store, "a", b'te"xt')
    store.log("a", True)
    assert not readings(batch, store, 0, Clock())
    assert values(batch) == [0, 0.0, 1, 0.5, 2, 1.0, 3, 1.5, 4, 2.0, "text"]
    assert store.count == 2 and batch.count == 11
    assert not readings(batch, store, 0, Clock())
    assert store.count == 2 and batch.count == 11


def test_each_reading_has_its_own_time_and_none_goes_backwards():
    batch = make(4096)
    clock = Clock()
    store = ring.Ring(256, clock, None)
    store.add_signal("t", batch.signal_json("t"))
    times = [7, 7, 8, 1000, 10999, 10998, 11000, 99999, 19999999]
    for i, ms in enumerate(times):
        store.log("t", i)
        store.words[4 * i] = ms
    clock.offset_ms = 80000000
    clock.valid_until = 20000000
    batch.set_time(17960, 80000007)
    assert not readings(batch, store, 0, clock)
    sent = [part.split("}")[0] for part in text_of(batch).split('"e":')[1:]]
    times[5] = 10999
    assert sent == ["%d.%03d" % (1796080000 + ms // 1000, ms % 1000) for ms in times]
    assert clock.last_sent_ms == 99999999


def test_a_step_back_across_the_digits_is_shown_as_set():
    batch = make()
    for ms in (99999999, 0, 100000005, 7):
        batch.set_time(17960, ms)
        other(batch, batch.signal_json("t"), b"1")
    times = [part.split("}")[0] for part in text_of(batch).split('"e":')[1:]]
    assert times == ["1796099999.999", "1796000000.000", "1796100000.005", "1796000000.007"]


def test_a_reading_that_was_begun_and_not_finished_leaves_no_trace():
    batch = make()
    add(batch, 1)
    batch.text.extend(b'{"b":"desk')
    add(batch, 2)
    assert values(batch) == [1, 2]


def test_the_fast_and_the_plain_way_find_the_same_escapes():
    for c in range(128):
        for text in (b"", b"ab", b"abc"):
            data = bytearray(text + bytes((c,)) + text)
            expected = c > 31 and c not in b'"\\'
            assert is_plain(data, 32) == bytecode.is_plain(data, 32) == expected
            assert is_plain(data, 0) and bytecode.is_plain(data, 0)
    assert is_plain(bytearray(), 32) and bytecode.is_plain(bytearray(), 32)


# Unicode 15, table 3-7: the first and last of each row, and what lies just outside.
UTF8 = (
    b"\xc2\x80",
    b"\xdf\xbf",
    b"\xe0\xa0\x80",
    b"\xe0\xbf\xbf",
    b"\xe1\x80\x80",
    b"\xec\xbf\xbf",
)
UTF8 += (b"\xed\x80\x80", b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbf", b"\xf0\x90\x80\x80")
UTF8 += (b"\xf0\xbf\xbf\xbf", b"\xf1\x80\x80\x80", b"\xf3\xbf\xbf\xbf", b"\xf4\x8f\xbf\xbf")
NO_UTF8 = (
    b"\x80",
    b"\xbf",
    b"\xc0\x80",
    b"\xc1\xbf",
    b"\xc2",
    b"\xe9",
    b"\xe0\x9f\xbf",
    b"\xed\xa0\x80",
)
NO_UTF8 += (
    b"\xed\xbf\xbf",
    b"\xf0\x8f\xbf\xbf",
    b"\xf4\x90\x80\x80",
    b"\xf5\x80\x80\x80",
    b"\xff",
)
NO_UTF8 += (
    b"\xe2\x82",
    b"\xf0\x9f\x8c",
    b"\xed\xbc\xa1\xed\xa0\xbc",
    b"\xc3\xa9\xa9",
    b"\xf0\x9f\x8c\xc3\xa9",
)


def test_what_is_no_utf8_is_never_sent_as_it_is():
    for good in UTF8:
        data = bytearray(b"a" + good + b"b")
        assert is_plain(data, 32) and bytecode.is_plain(data, 32)
        assert quoted_size(data) == len(data) + 2
    for bad in NO_UTF8:
        for data in (bytearray(bad), bytearray(b'"' + bad), bytearray(b"a" + bad + b"b\\")):
            assert not (is_plain(data, 0) or bytecode.is_plain(data, 0))
            batch = make()
            assert add_text(batch, data)
            (text,) = values(batch)
            assert "\ufffd" in text
            assert quoted_size(data) == len(quote(text))


def test_two_halves_of_a_character_are_put_together():
    """As MicroPython's json gives what others' json.dumps() has written: "\\ud83c\\udf21"."""
    halves = b"\xed\xa0\xbc\xed\xbc\xa1"
    for before, behind in (
        (b"", b""),
        (b'"', b"C"),
        ("°".encode(), halves),
        (b"\xed\x9f\xbf", b"\n"),
    ):
        data = bytearray(before + halves + behind)
        assert not (is_plain(data, 32) or bytecode.is_plain(data, 32))
        batch = make()
        assert add_text(batch, data) and add(batch, 5)
        expected = str(bytes(data).replace(halves, b"\xf0\x9f\x8c\xa1"), "utf-8")
        assert values(batch) == [expected, 5]


def test_a_text_that_is_no_utf8_leaves_the_ring_as_what_can_be_sent():
    batch = make()
    store = ring.Ring(400, Clock(), None)
    store.add_signal("t", batch.signal_json("t"))
    for data in (b"Caf\xe9", b"\xed\xa0\xbc\xed\xbc\xa1", "é".encode(), b"\xed\xa0\xbc"):
        put_text(store, "t", data)
    while store.count:
        batch.set_time(17960, 0)
        readings(batch, store, 0, Clock())
        if store.count:
            name, _, value, when, after = store.oldest()
            assert batch.add(name, value, None, True)
            store.hand_over(after, 1, batch)
    assert values(batch) == ["Caf\ufffd", "\U0001f321", "é", "\ufffd"]


def test_readings_of_all_kinds_come_through_a_ring_that_wraps():
    batch = make(1024)
    store = ring.Ring(200, Clock(), None)
    store.add_signal("t", batch.signal_json("t"))
    expected = []
    sent = []
    for step in range(400):
        choice = step * 7919 % 11
        value = "x" * choice + ("" if step % 3 else "\n") if choice > 6 else step - 200
        if choice > 6:
            put_text(store, "t", value.encode())
        else:
            value = value / 4 if choice > 3 else bool(step % 2) if choice == 3 else value
            store.log("t", value)
        expected.append(value)
        if step % 4 == 3:
            while store.count:
                batch.set_time(17960, 123)
                count = batch.count
                assert not readings(batch, store, 0, Clock())
                if batch.count == count:
                    name, kind, value, given, after = store.oldest()
                    assert kind == ring.STR and batch.add(name, value, given, True)
                    store.hand_over(after, 1, batch)
            sent += values(batch)
            batch.clear()
    assert sent == expected and store.overflows == store.missed == 0

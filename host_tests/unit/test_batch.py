"""What a body looks like on the wire: JSON that any reader takes, in one buffer of fixed size."""

import json

from batches import Clock, add, add_text, make, other, put_text, readings, text_of, values
from islog import ring
from islog.batch import quote, quoted_size
from islog.bytecode import PlainRing


def test_a_reading_is_exactly_what_the_api_asks_for():
    batch = make()
    assert add(batch, 21.5, 12345)
    assert text_of(batch) == (
        '[{"b":"room","tid":"123e4567-e89b-12d3-a456-426614174000","sn":"t","v":21.5,'
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
    store = PlainRing(256, Clock(), None)
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
    store = PlainRing(256, clock, None)
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
    batch.text.extend(b'{"b":"room')
    add(batch, 2)
    assert values(batch) == [1, 2]


def test_readings_of_all_kinds_come_through_a_ring_that_wraps():
    batch = make(1024)
    store = PlainRing(200, Clock(), None)
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

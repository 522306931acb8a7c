"""A user's readings in a fixed number of bytes."""

from islog import ring
from rings import drain, dropped, handed_on, make, oldest, put, release
from virtual_board import time


def test_numbers_come_back_as_they_were_in_order():
    store = make(1024, "a", "b")
    values = [1.5, 0, -1, True, False, 0x3FFFFFFF, -0x40000000, -273.25]
    for value in values:
        assert store.log("a", value) and store.log("b", value)
    got = drain(store)
    assert [v for s, v in got if s == "a"] == values
    assert [type(v) for s, v in got if s == "b"] == [type(v) for v in values]


def test_wide_integers_are_kept_to_the_last_bit():
    store = make(1024)
    for value in (2**30, 2**31, -(2**30) - 1, 2**63 - 1, -(2**63)):
        assert put(store, ring.INT, value)
        assert drain(store) == [("t", value)]


def test_sixteen_bytes_hold_a_number():
    store = make(8192)
    for i in range(8192 // 16):
        store.log("t", i)
    assert (store.count, dropped(store)) == (512, 0)
    store.log("t", 512)
    assert (store.count, dropped(store)) == (512, 1)
    assert drain(store) == [("t", i) for i in range(1, 513)]


def test_a_string_takes_its_length_and_at_most_sixteen_bytes():
    for size in (0, 1, 7, 8, 9, 100, 1000):
        store = make(8192)
        data = b"x" * size
        while not dropped(store):
            put(store, ring.STR, data)
        assert store.count >= 8192 // (size + 16)


def test_strings_wrap_at_the_end_of_the_memory():
    store = make(96)
    for size in range(60):
        data = bytes(range(size))
        assert put(store, ring.STR, data)
        if size % 3 == 0:
            assert drain(store)[-1] == ("t", data)


def test_overflow_drops_the_oldest_and_counts_it():
    store = make(160)  # ten numbers
    for i in range(35):
        assert store.log("t", i)
    assert dropped(store) == store.overflows == 25
    assert drain(store) == [("t", i) for i in range(25, 35)]


def test_a_long_string_pushes_out_as_many_as_it_needs():
    store = make(160)
    for i in range(10):
        store.log("t", i)
    assert put(store, ring.STR, b"x" * 24)  # 32 bytes
    assert dropped(store) == 2
    assert drain(store) == [("t", i) for i in range(2, 10)] + [("t", b"x" * 24)]


def test_what_never_fits_is_dropped_alone():
    store = make(64)
    store.log("t", 1)
    assert not put(store, ring.STR, b"x" * 60)
    assert dropped(store) == 1 and drain(store) == [("t", 1)]


def test_the_reading_being_read_is_not_dropped_by_a_callback():
    store = make(64)
    for i in range(3):
        store.log("t", i)
    store.pin(1)
    assert store.log("t", 3)  # a callback, with room
    assert not store.log("t", 4)  # and one with the ring full
    assert dropped(store) == 1 and oldest(store) == ("t", 0)
    release(store)
    store.pin(0)
    assert store.log("t", 5)
    assert drain(store) == [("t", 1), ("t", 2), ("t", 3), ("t", 5)]


def test_uptime_survives_the_wrap_of_the_ticks():
    time.reset(ticks=2**30 - 5)
    store = make(160)
    stamps = []
    for _ in range(3):
        store.log("t", 1)
        time.advance(4)
    while store.count:
        stamps.append(release(store))
    assert stamps == [(0, 2**30 - 5), (0, 2**30 - 1), (1, 3)]


def test_log_alone_keeps_the_uptime_right():
    store = make(1024)
    seen = []
    for day in range(60):
        store.log("t", day)
        time.advance(86400000)
    while store.count:
        periods, ticks = release(store)
        seen.append(periods * 2**30 + ticks)
    assert seen == [day * 86400000 for day in range(60)]


def test_a_given_time_comes_back_with_its_reading():
    store = make(256)
    put(store, ring.STR, b"twelve bytes", 1416262288913554)
    put(store, ring.FLOAT, 0.5, -1 - 1416262288)
    put(store, ring.BOOL, True)
    given = []
    while store.count:
        given.append(store.oldest()[3])
        release(store)
    assert given == [1416262288913554, -1416262289, None]


def test_all_else_is_handed_on():
    store = make(64)
    values = ["text", None, float("inf"), 2**40, -(2**40), []]
    handed_on.clear()
    for value in values:
        assert store.log("t", value) is False
    assert store.log("new", 1) is store.log("t", 1, 5) is False
    expected = [("t", value, None) for value in values] + [("new", 1, None), ("t", 1, 5)]
    assert handed_on == expected and store.count == 0
    assert store.log("t", float("nan")) is False and store.count == 0
    assert str(handed_on[-1][1]) == "nan"


def test_the_uptime_of_the_oldest_is_that_of_its_log():
    store = make(64)
    uptime = store._clock.stamp()
    store.log("t", 1)
    time.advance(1500)
    store.log("t", 2)
    assert (store.oldest_periods(), store.oldest_ticks()) == uptime


def test_random_readings_come_back_in_order_with_none_missing_but_the_dropped():
    seed = 1
    store = make(256)
    expected = []
    for step in range(5000):
        seed = seed * 1103515245 + 12345 & 0x7FFFFFFF
        choice = seed >> 16
        before = dropped(store)
        if choice % 7 == 0 and store.count:
            assert oldest(store)[1] == expected.pop(0)
            release(store)
            continue
        if choice % 3 == 0:
            value = bytes([choice & 255]) * (choice % 100)
            assert put(store, ring.STR, value, None if choice % 2 else 5)
        elif choice % 11 == 0:
            value = 2**40 + step
            assert put(store, ring.INT, value)
        else:
            value = step if choice % 2 else step / 2
            assert store.log("t", value)
        expected.append(value)
        del expected[: dropped(store) - before]
        assert store.count == len(expected)
    assert dropped(store) > 100 and [v for _, v in drain(store)] == expected

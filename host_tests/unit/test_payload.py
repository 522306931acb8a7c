"""What a body looks like on the wire: JSON that any reader takes, in one buffer of fixed size."""

import json

from islog import payload

FIELDS = (
    '{"b":"desk","tid":"123e4567-e89b-12d3-a456-426614174000","sn":',
    ',"v":',
    ',"e":',
)


def make(size_bytes=2048):
    batch = payload.Batch(size_bytes, FIELDS)
    batch.set_mega(17960)
    return batch


def add(batch, value, ms=123, name="t"):
    return batch.number(batch.name(name), str(value).lower(), ms)


def add_text(batch, data, start=0, time=b"1"):
    return batch.string(batch.name("t"), data, start, len(data), time)


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
        batch.other(batch.name("t"), b"1", time)
    times = [part.split("}")[0] for part in text_of(batch).split('"e":')[1:]]
    assert times == ["1796099999.999", "1796000000.007", "1416262288.000001", "0"]


def test_every_byte_that_json_forbids_is_escaped():
    batch = make(4096)
    text = "".join(chr(i) for i in range(128)) + "°C €😀"
    data = text.encode()
    assert add_text(batch, data)
    assert values(batch) == [text]
    assert json.loads(str(payload.quote(text), "utf-8")) == text
    assert len(payload.quote(text)) == payload.quoted_size(data)
    assert "°C €😀" in text_of(batch)


def test_a_string_that_wraps_in_the_ring_is_read_across_its_end():
    batch = make()
    assert add_text(batch, b"worldhello ", 5)
    assert values(batch) == ["hello world"]


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
        size = payload.quoted_size(text)
        for total in range(160, 260):
            batch = make(total)
            added = add_text(batch, text, 0, b"4294967295.999999")
            assert added == batch.fits(len(batch.name("t")), size)


def test_parts_of_a_batch_are_arrays_of_their_own():
    batch = make()
    for i in range(8):
        add(batch, i)
    before = text_of(batch)
    assert values(batch, 4) == [0, 1, 2, 3]
    assert values(batch, 2) == [0, 1]
    assert text_of(batch) == before
    batch.settle(2)
    assert values(batch, 3) == [2, 3, 4]
    assert values(batch) == [2, 3, 4, 5, 6, 7]
    batch.settle(6)
    assert batch.count == 0
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


def test_the_fast_and_the_plain_way_write_the_same():
    for value in ("0", "-273.15", "true"):
        for ms in (0, 7, 12345678, 99999999):
            plain, fast = bytearray(120), bytearray(120)
            parts = (b'{"sn":', b'"t","v":', value, b',"e":17960', ms)
            end = payload.plain_record(plain, 3, *parts)
            assert payload.record(fast, 3, *parts) == end
            assert plain == fast and plain[end - 2 : end] == b"},"

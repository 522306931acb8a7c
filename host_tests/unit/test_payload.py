"""What a body looks like on the wire: JSON that any reader takes, in one buffer of fixed size."""

import json

from islog import payload

FILLING = ('"desk"', '"123e4567-e89b-12d3-a456-426614174000"')


def make(size_bytes=2048):
    batch = payload.Batch(size_bytes, payload.FIELDS["batch_logs"], FILLING)
    batch.time(17960, 123)
    return batch


def text_of(batch, count=None):
    return str(bytes(batch.slice(batch.count if count is None else count)), "utf-8")


def values(batch, count=None):
    return [reading["v"] for reading in json.loads(text_of(batch, count))]


def test_a_reading_is_exactly_what_the_api_asks_for():
    batch = make()
    batch.time(17960, 12345)
    assert batch.number(b'"t"', 21.5)
    assert text_of(batch) == (
        '[{"b":"desk","tid":"123e4567-e89b-12d3-a456-426614174000","sn":"t","v":21.5,'
        '"e":1796000012.345}]'
    )


def test_times_are_digits_with_as_many_decimals_as_are_known():
    batch = make()
    batch.time(17960, 99999999)
    batch.number(b'"t"', 1)
    batch.given_time(1416262288000001)
    batch.number(b'"t"', 1)
    batch.given_time(-1 - 1416262288)
    batch.number(b'"t"', 1)
    batch.given_time(0)
    batch.number(b'"t"', 1)
    batch.given_time(-1)
    batch.number(b'"t"', 1)
    times = [part.split("}")[0] for part in text_of(batch).split('"e":')[1:]]
    assert times == ["1796099999.999", "1416262288.000001", "1416262288", "0.000000", "0"]


def test_every_byte_that_json_forbids_is_escaped():
    batch = make(4096)
    text = "".join(chr(i) for i in range(128)) + "°C €😀"
    data = text.encode()
    assert batch.string(b'"t"', data, 0, len(data))
    assert values(batch) == [text]
    assert json.loads(str(payload.quote(text), "utf-8")) == text
    assert len(payload.quote(text)) == payload.quoted_size(data)
    assert "°C €😀" in text_of(batch)


def test_a_string_that_wraps_in_the_ring_is_read_across_its_end():
    batch = make()
    assert batch.string(b'"t"', b"worldhello ", 5, 11)
    assert values(batch) == ["hello world"]


def test_it_is_full_where_the_next_reading_would_not_fit_and_stays_valid():
    for size in range(256, 700, 7):
        batch = make(size)
        count = 0
        while batch.number(b'"temperature"', count):
            count += 1
        assert values(batch) == list(range(count))
        assert len(text_of(batch)) <= size
        assert not batch.string(b'"temperature"', b"x" * 200, 0, 200) or size > 500
        assert values(batch)[:count] == list(range(count))


def test_fits_is_right_to_the_byte():
    for text in (b"x" * 50, b'"' * 25):
        size = payload.quoted_size(text)
        for total in range(160, 260):
            batch = make(total)
            batch.given_time(4294967295999999)
            added = batch.string(b'"t"', text, 0, len(text))
            assert added == batch.fits(3, size)


def test_parts_of_a_batch_are_arrays_of_their_own():
    batch = make()
    for i in range(8):
        batch.number(b'"t"', i)
    before = text_of(batch)
    assert values(batch, 4) == [0, 1, 2, 3]
    assert values(batch, 2) == [0, 1]
    assert text_of(batch) == before
    batch.settle(2)
    assert values(batch, 3) == [2, 3, 4]
    assert values(batch) == [2, 3, 4, 5, 6, 7]
    batch.settle(6)
    assert batch.count == 0
    batch.number(b'"t"', 9)
    assert values(batch) == [9]


def test_numbers_are_sent_as_str_shows_them():
    batch = make(4096)
    numbers = [0, -1, 2**31, -(2**63), 0.1, 1e-7, -273.15, 1e30, 100000.0]
    for number in numbers:
        batch.number(b'"t"', number)
    batch.number(b'"t"', True)
    batch.number(b'"t"', False)
    sent = [part.split(",")[0] for part in text_of(batch).split('"v":')[1:]]
    assert sent == [str(number) for number in numbers] + ["true", "false"]

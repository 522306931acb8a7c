"""Text that is no UTF-8: it is sent as what a server takes, and costs no other reading."""

from batches import Clock, add, add_text, make, put_text, readings, values
from islog import utf8
from islog.batch import is_plain, quote, quoted_size
from islog.bytecode import PlainRing

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
        assert is_plain(data, 32)
        assert quoted_size(data) == len(data) + 2
    for bad in NO_UTF8:
        for data in (bytearray(bad), bytearray(b'"' + bad), bytearray(b"a" + bad + b"b\\")):
            assert not is_plain(data, 0)
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
        assert not is_plain(data, 32)
        batch = make()
        assert add_text(batch, data) and add(batch, 5)
        expected = str(bytes(data).replace(halves, b"\xf0\x9f\x8c\xa1"), "utf-8")
        assert values(batch) == [expected, 5]


def test_a_text_that_is_no_utf8_leaves_the_ring_as_what_can_be_sent():
    batch = make()
    store = PlainRing(400, Clock(), None)
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


def test_what_is_utf8_stays_as_it_is():
    for good in UTF8 + (b"", b"a", "°C €😀".encode(), "\ufffd".encode()):
        assert utf8.repaired(good) == good


def test_each_byte_that_belongs_to_nothing_becomes_one_sign():
    sign = b"\xef\xbf\xbd"
    for bad, size in (
        (b"\xff", 1),
        (b"caf\xe9", 1),
        (b"\xe2\x82", 2),
        (b"\xf0\x9f\x8c", 3),
        (b"\xc0\x80", 2),
        (b"\xed\xa0\xbc", 1),  # half a character
        (b"\xed\xbc\xa1\xed\xa0\xbc", 2),  # two, the wrong way round
    ):
        good = utf8.repaired(bad)
        assert good.count(sign) == size and good.endswith(sign)
    assert utf8.repaired(b"\xed\xa0\xbc\xed\xbc\xa1") == "\U0001f321".encode()


def test_whatever_bytes_come_what_leaves_is_utf8_and_is_not_changed_again():
    seed = 1
    parts = UTF8 + NO_UTF8 + (b"a", b"\xed\xa0\xbc", b"\xed\xbc\xa1", b"\xed")
    for _ in range(500):
        data = b""
        while seed % 5:
            seed = seed * 1103515245 + 12345 & 0x7FFFFFFF
            data += parts[(seed >> 8) % len(parts)]
        seed += 1
        good = utf8.repaired(data)
        assert is_plain(good, 0) and str(good, "utf-8").encode() == utf8.repaired(good) == good

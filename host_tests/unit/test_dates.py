"""The Date header of an answer: read where it is one, and passed over where it is none."""

from clocks import date_of
from islog import dates
from virtual_board import Board


def test_a_date_header_is_read():
    assert dates.http_date(b"Sun, 06 Nov 1994 08:49:37 GMT") == 784111777
    assert dates.http_date(b"Tue, 29 Feb 2028 23:59:59 GMT") == 1835481599
    assert dates.http_date(b"Sat, 31 Dec 2016 23:59:60 GMT") == 1483228800  # a leap second


def test_what_is_no_date_is_taken_for_none():
    whole = "Sun, 06 Nov 1994 08:49:37 GMT"
    parts = whole.split()
    spoiled = ["", "now", "1 2 3 4 5 6", "Sunday, 06-Nov-94 08:49:37 GMT"]
    spoiled += [whole[:n] for n in range(len(whole))]  # a part is missing
    odd = ("", "x", "-1", "6th", "99", "0", "1e3", "9" * 60, "08:49", "a:b:c", "24:60:61", "arN")
    for i in range(1, 6):
        for other in odd:
            spoiled.append(" ".join(parts[:i] + [other] + parts[i + 1 :]))
    for text in spoiled:
        assert dates.http_date(text.encode()) == 0, text
    for i in range(5, len(whole)):
        for byte in b"\x00\x80\xff":
            assert dates.http_date(whole[:i].encode() + bytes((byte,)) + whole[i:].encode()) == 0


def test_a_date_that_is_none_is_no_trouble():
    for transport in ("requests", "kept"):
        board = Board(transport=transport, flush_interval=0)
        board.ntp.silent = True
        board.log("t", 1)
        for date in ("Sun, 6th Nov 2026 08:49:37 GMT", "Mon, 99 Nov 2026 25:00:00 GMT", "x"):
            board.server.date = date
            board.run(100)
            assert board.logger.state == "no time" and board.server.readings == []
        board.server.date = "Mon, 23 Nov 2026 06:00:00 GMT"
        board.run(120)
        assert board.values() == [1]


def test_a_date_of_the_tests_own_is_right():
    assert dates.http_date(date_of(1796000010).encode()) == 1796000010

"""From a call to the ring: what is stored, and what is refused, rejected or dropped."""

import virtual_board
from failures import fails_once
from islog import ConfigError, clock, config, intake
from islog.batch import Batch
from islog.bytecode import PlainRing
from virtual_board import Board, raises

FIELDS = ('{"b":"room","tid":"123e4567","sn":', ',"v":', ',"e":')


class Plain:
    """As much of a Service as an Intake knows."""

    ring = PlainRing


class Buffer:
    """An Intake with the settings `given`, its batch, and what it says."""

    def __init__(self, batch_bytes=512, **given):
        settings = config.check(dict(given, client_key="k", bucket_name="room"))
        self.said = []
        self.batch = Batch(batch_bytes, FIELDS)
        say = lambda sentence, aloud=True: self.said.append((sentence, aloud))  # noqa: E731
        self.intake = intake.Intake(settings, Plain, clock.Clock(), self.batch, say)
        self.store = self.intake.store
        self.log = self.store.log

    def counts(self):
        return self.store.count, self.store.rejected, self.store.missed


def test_a_signal_that_a_callback_brings_meanwhile_does_not_share_a_number():
    board = Board(flush_interval=0)
    batch = board.logger._uplink.batch
    name = batch.signal_json

    def called(signal):
        batch.signal_json = name
        board.logger.log("from a callback", 2)
        board.logged += 1
        return name(signal)

    batch.signal_json = called
    board.log("from the program", 1)
    board.run(10)
    readings = [(signal, value) for signal, value, _ in board.server.readings]
    assert sorted(readings) == [("from a callback", 2), ("from the program", 1)]


def test_a_number_is_taken_only_where_the_longest_one_would_fit_a_request():
    for size in range(288, 340):
        virtual_board.reset()
        try:
            board = Board(batch_bytes=size, flush_interval=0)
        except ValueError:
            continue
        board.log("é" * 100, 1.5)
        board.log("é" * 100, -1.25e-100)
        board.run(30)
        assert board.logger.lost == 0 and board.logger.pending == 0
        assert len(board.values()) + board.logger.rejected == 2


def test_values_are_checked_to_the_last_bit_and_byte():
    for value in (2**63 - 1, -(2**63), 0.5, float("nan"), None, True, "", "x" * 1000, "é" * 500):
        assert intake.check_value(value) is None
    for value in (2**63, -(2**63) - 1, "x" * 1001, "é" * 501, "😀" * 251):
        raises(ValueError, intake.check_value, value)
    for value in (b"", [], (), {}, object(), 1j if hasattr(1, "imag") else []):
        raises(TypeError, intake.check_value, value)


def test_what_is_stored_rejected_or_dropped_is_counted_once():
    buffer = Buffer()
    assert buffer.log("a", 1) and buffer.log("a", "text") and buffer.log("b", 2**40)
    assert buffer.counts() == (3, 0, 0) and buffer.said == []
    assert buffer.log("a", None) is buffer.log("new", float("nan")) is False
    assert buffer.counts() == (3, 2, 0) and "new" not in buffer.store.keys
    assert buffer.said[0] == ("a: no number was there (None)", False)
    buffer.store.close()
    assert buffer.log("c", 1) is buffer.log("a", "text") is buffer.log("b", None) is False
    assert buffer.counts() == (0, 2, 3) and buffer.store.overflows == 3


def test_a_reading_for_which_there_is_no_memory_is_dropped_and_the_next_one_is_stored():
    for thing, name, signal in (("batch", "signal_json", "new"), ("store", "packed", "a")):
        buffer = Buffer()
        buffer.log("a", 1)
        fails_once(getattr(buffer, thing), name, MemoryError)
        assert buffer.log(signal, "text") is False and buffer.counts() == (1, 0, 1)
        assert buffer.log(signal, "text") is True and buffer.counts() == (2, 0, 1)


def test_a_text_is_taken_as_long_as_its_json_fits_a_batch():
    buffer = Buffer(batch_bytes=256)
    room = buffer.batch.room - len(buffer.batch.signal_json("t"))
    assert buffer.log("t", "x" * (room - 3)) and not buffer.log("t", "x" * (room - 2))
    quotes = (room - 3) // 2
    assert buffer.log("t", '"' * quotes) and not buffer.log("t", '"' * (quotes + 1))
    assert buffer.counts() == (2, 2, 0)
    assert buffer.said == [("t: too long for batch_bytes", False)] * 2


def test_a_signal_beyond_the_most_is_rejected_and_none_is_forgotten():
    buffer = Buffer(max_signals=2)
    for signal in ("a", "b", "a"):
        assert buffer.log(signal, 1)
    assert buffer.log("c", 1) is False and buffer.log("b", "text")
    assert buffer.counts() == (4, 1, 0) and sorted(buffer.store.keys) == ["a", "b"]


def news(buffer):
    """What waits for poll(), which takes it."""
    waiting, buffer.intake.news = buffer.intake.news, ()
    return [sentence.split(":")[0] for sentence in waiting]


def test_each_signal_that_is_rejected_is_news_until_it_has_recovered():
    for good in (1, 2.5, True, "text", 2**40):
        buffer = Buffer()
        buffer.log("known", good)
        for _ in range(3):
            assert buffer.log("known", None) is buffer.log("new", float("nan")) is False
        assert news(buffer) == ["known", "new"]
        assert buffer.log("known", good) and buffer.log("other", good)
        assert buffer.log("new", None) is buffer.log("known", "x" * 500) is False
        assert buffer.log("known", None) is False and news(buffer) == ["known"]
        assert buffer.log("new", good, 1700000000) and buffer.log("new", None) is False
        assert news(buffer) == ["new"] and buffer.counts() == (4, 10, 0)


def test_a_bad_value_is_no_recovery():
    buffer = Buffer()
    buffer.log("t", 1)
    for value in (None, float("nan"), float("inf"), None, "x" * 500, -float("inf")):
        assert buffer.log("t", value) is False
    raises(ValueError, buffer.log, "t", 2**63)
    raises(TypeError, buffer.log, "t", [])
    assert news(buffer) == ["t"]


def test_what_waits_for_poll_is_bounded_and_nothing_is_forgotten():
    buffer = Buffer(max_signals=20)
    told = []
    for _ in range(10):
        for n in range(200):
            assert buffer.log("s%d" % n, None) is False
        assert len(buffer.intake.news) <= 8
        told += news(buffer)
    assert len(told) == len(set(told)) == 21  # and one for all that are too many
    assert len(buffer.store.direct) == 21 and not buffer.store.keys
    for n in range(200):
        assert buffer.log("t%d" % n, 1) is (n < 20)
    assert sorted(buffer.store.keys) == sorted("t%d" % n for n in range(20))


def test_a_signal_that_fails_while_another_is_added_keeps_its_number():
    buffer = Buffer()
    for n in range(30):
        assert buffer.log("s%d" % n, n)
        assert buffer.log("s%d" % (n // 2), None) is False
    for n in range(30):
        assert buffer.log("s%d" % n, n)
    store, seen = buffer.store, []
    while store.count:
        name, _, value, _, after = store.oldest()
        seen.append((name, value))
        store.hand_over(after, 1, buffer.batch)
    assert seen == 2 * [(buffer.batch.signal_json("s%d" % n), n) for n in range(30)]


def test_without_memory_a_reading_that_is_none_is_counted_and_told_later():
    buffer = Buffer()
    buffer.log("t", 1)
    fails_once(buffer.store, "publish", MemoryError)
    assert buffer.log("t", None) is buffer.log("t", None) is False
    assert buffer.counts() == (1, 2, 0) and "t" in news(buffer)
    assert buffer.log("t", 2) and buffer.counts() == (2, 2, 0)


def test_a_body_that_could_not_hold_every_signal_is_refused_at_the_start():
    assert "batch_bytes" in str(raises(ConfigError, Board, batch_bytes=256, bucket_name="b" * 100))

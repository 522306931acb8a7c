"""The indivisible steps of a ring, against a plain list that does the same; and the uptime."""

import machine
from islog import ring, steps
from rings import Clock, Taken, drain, dropped, make, oldest
from virtual_board import raises, time


class Plain:
    """A ring as a list: (bytes that a reading takes, its value), oldest first."""

    def __init__(self, size_bytes):
        self.free = size_bytes
        self.readings = []
        self.overflows = self.missed = self.rejected = self.pinned = 0

    def make_room(self, size):
        while self.free < size:
            if self.pinned or not self.readings:
                return False
            self.free += self.readings.pop(0)[0]
            self.overflows += 1
        return True

    def append(self, size, value):
        if self.free < size:
            return False
        self.free -= size
        self.readings.append((size, value))
        return True

    def log(self, value):
        if self.make_room(16):
            return self.append(16, value)
        self.missed += 1
        return False


def with_one_more(store, number):
    """What add_signal() publishes for a new signal."""
    keys = dict(store.keys)
    keys["s%d" % number] = len(keys) << 10 | 0x800000
    return keys, store.signals + [number], keys


def test_whatever_steps_a_ring_takes_it_holds_what_it_should():
    seed = 1
    own, plain = make(160, "t", "other"), Plain(160)
    signals = 2
    for number in range(4000):
        seed = seed * 1103515245 + 12345 & 0x7FFFFFFF
        choice = seed >> 16
        what = choice % 9
        if what < 3:
            value = bytes([choice & 255]) * (choice % 40)
            given = None if choice & 1 else choice
            bits, data, epoch = own.packed(own.keys["other"] | ring.STR, value, given)
            size = 4 * ring.words_of(bits)
            done = own.append(bits, number, data, epoch), plain.append(size, value)
        elif what == 3:
            words = choice % 40
            done = own.make_room(words), plain.make_room(4 * words)
        elif what == 4 and own.count:
            to = Taken()
            done = own.hand_over(own.oldest()[4], 1, to), None
            plain.free += plain.readings.pop(0)[0]
            assert to.filled == 1
        elif what == 5:
            plain.pinned = choice & 1
            done = own.pin(choice & 1), None
        elif what == 6:
            plain.rejected, plain.missed = plain.rejected + (choice & 3), plain.missed + 1
            done = own.count_lost(choice & 3, 1), None
        elif what == 7 and len(own.keys) < 40:
            quicker = choice & 1  # a callback has added a signal meanwhile
            old = {} if quicker else own.keys
            done = own.publish(old, *with_one_more(own, number)), not quicker
            signals += not quicker
        else:
            done = own.log("t", choice), plain.log(choice)
        assert bool(done[0]) == bool(done[1]), (number, what)
        assert own.count == len(plain.readings), (number, what)
        assert own.size * 4 - 16 - 4 * own.used() == plain.free, (number, what)
        assert dropped(own) == plain.overflows + plain.missed, (number, what)
        assert own.rejected == plain.rejected and own.pinned == plain.pinned
        assert len(own.keys) == len(own.signals) == signals
        if own.count:
            assert oldest(own)[1] == plain.readings[0][1], (number, what)
    assert own.overflows > 100


def test_the_uptime_goes_on_over_a_wrap_of_the_ticks():
    clock = Clock()
    before = clock.stamp()
    for _ in range(3):
        time.advance(clock.mask // 2)
        clock.tick()
    assert clock.stamp() == (clock.periods, clock.ticks)
    passed = (clock.periods - before[0]) * (clock.mask + 1) + clock.ticks - before[1]
    assert passed == 3 * (clock.mask // 2)


def test_interrupts_are_on_again_whatever_is_given():
    store = make(160)
    bits, _, _ = store.packed(store.keys["t"] | ring.STR, b"abc", None)
    raises(TypeError, store.append, bits, 0, None, b"")  # it cannot copy these
    assert store.append(bits, 0, b"abc", b"") and oldest(store) == ("t", b"abc")
    assert store.log("t", 1) and store.make_room(4) and machine.irqs_off == 0


def test_a_text_gives_way_to_a_callback_that_logs_meanwhile():
    store = make(400)
    enter = steps._enter

    def quicker():
        steps._enter = enter
        assert store.log("t", 5)
        return enter()

    bits, _, _ = store.packed(store.keys["t"] | ring.STR, b"a longer text", None)
    steps._enter = quicker
    try:
        assert store.append(bits, 7, b"a longer text", b"")
    finally:
        steps._enter = enter
    assert drain(store) == [("t", 5), ("t", b"a longer text")]

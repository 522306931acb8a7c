"""Numbers in JSON, as machine code writes them: each is read back as it was, in as few digits as
tell it from all others. A PC's floats are doubles; a board's are tried with doubles that are such.
"""

import json
import struct

import pytest

from tools.interpreter import FIRMWARE, ROOT

from .builds import DEVICE, NULL, on_unix

BENCH = ROOT / "tools/bench/device"


@pytest.fixture(scope="module", params=[0, 1], ids=["doubles", "a board's floats"])
def written(request):
    found = on_unix("writing", [DEVICE, NULL, FIRMWARE, BENCH], request.param)
    pairs, heap = [], []
    for line in found:
        if isinstance(line, dict):
            heap.append(line)
            continue
        given, text = line
        texts = [r["v"] for r in json.loads(text, parse_float=str, parse_int=str)]
        pairs += zip(given, texts, strict=True)
    return request.param, pairs, heap


def bits(value):
    return struct.pack("f", float(value))


def floats(pairs):
    """(value, how the port's str() writes it, how it was written)"""
    for given, text in pairs:
        if isinstance(given, list):
            yield struct.unpack("<d", bytes.fromhex(given[0]))[0], given[1], text


def test_each_number_is_read_back_as_it_was(written):
    singles, pairs, _ = written
    assert len(pairs) > 2000
    for given, text in pairs:
        assert isinstance(given, list) or text == str(given)
    for value, by_str, text in floats(pairs):
        if singles:
            assert bits(text) == bits(value), f"{value!r} was written as {text}"
        else:
            assert text == by_str


def test_no_float_of_a_board_takes_more_digits_than_it_needs(written):
    singles, pairs, _ = written
    tried = 0
    for value, _, text in floats(pairs):
        if not singles or not 1 / 64 <= abs(value) < 2**24:
            continue
        tried += 1
        decimals = len(text.partition(".")[2])
        assert decimals and len(text) <= 12
        shorter, nearest = f"{value:.{decimals - 1}f}", f"{value:.{decimals}f}"
        assert decimals == 1 or bits(shorter) != bits(value), f"{shorter} would do for {text}"
        assert abs(float(text) - value) <= abs(float(nearest) - value)
    assert tried > 1500 or not singles


def test_a_number_takes_no_more_of_the_heap_than_a_bool(written):
    _, _, heap = written
    taken = {found["kind"]: found["taken"] for found in heap}
    assert taken["float"] == taken["int"] == taken["bool"] < 256

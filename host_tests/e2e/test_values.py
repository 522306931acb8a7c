"""Every kind of value arrives as it was logged, or is refused as the table of values says."""

import json

import pytest

from .rig import BATCH_LOGS, EVENTS, KEPT, KEPT_EVENTS, TLS_EVENTS

TEXT = "\"quotes\" 'n' \\ back, \n, \t, \0 and \U0001f321"
GOOD = [0, -1, 2**30, 2**31, 2**63 - 1, -(2**63), 0.1, 1e-7, -273.15, 1e30, True, False]
GOOD += ["", "°C", TEXT, "x" * 1000, "é" * 500]
NOT_STORED = ["nan", "inf", "-inf", "None"]
VALUE_ERRORS = [str(2**63), str(-(2**63) - 1), "x" * 1001, "é" * 501]


@pytest.mark.parametrize(
    "kind, way",
    [
        ("esp32", BATCH_LOGS),
        ("rp2", BATCH_LOGS),
        ("rp2", EVENTS),
        ("esp32", KEPT),
        ("rp2", KEPT_EVENTS),
        ("esp32", TLS_EVENTS),
    ],
)
def test_every_value_arrives_exactly_or_is_refused_as_documented(rig, kind):
    with rig.board_with("values", kind):
        rig.wait_for_end()
    notes = rig.notes()

    stored = [n for n in notes if n["outcome"] is True]
    rig.check_arrivals(stored)
    rig.check_books()
    arrived = rig.first_arrivals()
    values = [r["value"] for r in arrived if r["signal"] == "value"]
    assert [(type(v), v) for v in values] == [(type(v), v) for v in [*GOOD, 2, 3]]
    assert [r["value"] for r in arrived if r["signal"] == "s" * 100] == [1]
    assert [r["value"] for r in arrived if r["signal"].startswith("name ")] == list(range(62))

    refused = {}
    for n in notes:
        if n["outcome"] is not True:
            refused.setdefault(n["outcome"], []).append((n["signal"], n["text"]))
    assert refused[False] == [*(("value", t) for t in NOT_STORED), ("name 62", "62")]
    assert refused["ValueError"] == [
        *(("value", t) for t in VALUE_ERRORS),
        ("s" * 101, "1"),
        ("", "1"),
    ]
    assert [text[:2] for _, text in refused["TypeError"]] == ["[1", "{'", "b'", "1"]
    assert rig.board.status["rejected"] == 5
    assert any(line.startswith("told ") and "signal" in line for line in rig.board.lines)


def test_a_text_that_does_not_fit_a_small_batch_is_refused_and_named(rig):
    with rig.board_with("long_as_json", batch_bytes=512):
        rig.wait_for_end()
    assert [n["outcome"] for n in rig.notes()] == [True, False, True]
    assert [r["value"] for r in rig.first_arrivals()] == ['"' * 100, "after"]
    assert rig.board.status["rejected"] == 1
    rig.check_books()
    (told,) = (line for line in rig.board.lines if line.startswith("told "))
    assert "batch_bytes" in told


def test_each_socket_of_requests_is_closed_once(rig):
    # Closing a number twice may close what another part of the program has opened meanwhile.
    with rig.board_with("count_closes", flush_interval=0):
        rig.wait_for_end()
    (line,) = [line for line in rig.board.lines if line.startswith("closes ")]
    closes = json.loads(line[7:])
    assert len(closes) == 11 and set(closes) == {1}  # a bucket call and ten batches


@pytest.mark.parametrize("way", [BATCH_LOGS, KEPT_EVENTS])
def test_a_text_that_is_no_utf8_arrives_as_what_can_be_made_of_it(rig):
    with rig.board_with("not_utf8", bucket_name="\U0001f321 house"):
        rig.wait_for_end()
    assert "told True None" in rig.board.lines
    arrived = rig.first_arrivals()
    assert {r["bucket_name"] for r in arrived} == {"\U0001f321 house"}
    assert [(r["signal"], r["value"]) for r in arrived] == [
        ("half", "a \ufffd b"),
        ("sun \U0001f31e", "Sunny \U0001f31e, °C"),
        ("Caf\ufffd", "Caf\ufffd"),
        ("garbled", "\ufffd" * 7),
        ("long", "\U0001f31e" * 166),
        ("good", "\U0001f31e °C"),
    ]
    assert rig.board.status["sent"] == 6

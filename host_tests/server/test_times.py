"""Times that no clock of a board shows: refused, and where an older server took them, harmless."""

import json
import time

import pytest

from tools.server.validate import Number

from .browser import page
from .conftest import BUCKET_ID, reading
from .test_page import DRAWN
from .test_readback import chart, get, get_json, of

FIRST, END = 631152000, 4294967296
BEYOND = ("1e17", "-1e17", "1.7e308", "-1.7e308", "4294967297", "0", "-1", "1e13")


def taken_by_an_older_server(server, epochs, **changed):
    fields = {**reading(**changed), "v": Number("99")}
    server.store.add([{**fields, "e": Number(epoch)} for epoch in epochs])


@pytest.mark.parametrize("epoch", [*BEYOND, str(END), str(FIRST - 1), "4294967295.99999999999"])
def test_a_time_before_1990_or_after_2106_refuses_its_batch(server, board, epoch):
    body = json.dumps([reading(), reading(e="@")]).replace('"@"', epoch)
    status, _, answer = board.send(body.encode())
    assert (status, server.readings()) == (400, [])
    assert answer["error"] == "reading 1: 'e' must be Unix time from 1990 to 2106, in seconds"


def test_the_first_and_the_last_second_are_taken(server, board):
    assert board.send([reading(e=FIRST), reading(e=END - 0.25)])[0] == 204
    assert (chart(server)["first"], chart(server)["last"]) == (FIRST, END - 0.25)


def test_old_times_beyond_spoil_no_chart(server, board):
    now = int(time.time())
    board.send([reading(v=i, e=now - 600 + 10 * i) for i in range(60)])
    wanted = chart(server, max=10), get_json(server, of(BUCKET_ID, "signals"))[1][0]
    taken_by_an_older_server(server, BEYOND)
    found, signal = chart(server, max=10), get_json(server, of(BUCKET_ID, "signals"))[1][0]
    assert found == wanted[0] and found["count"] == 60
    assert signal.pop("readings") == 60 + len(BEYOND) and wanted[1].pop("readings") == 60
    assert signal == wanted[1]
    for start, end in ((-1e15, 1e15), (-1e15, now), (now - 600, 1e15)):
        some = chart(server, from_=start, to=end)
        assert (some["count"], some["before"], some["after"]) == (60, None, None)
    assert len(get(server, of(BUCKET_ID, "export.jsonl"))[2].splitlines()) == 68  # all is kept


def test_a_signal_with_no_other_times_is_there_and_has_an_empty_chart(server):
    taken_by_an_older_server(server, ["1.7e308", "-1.7e308", "0"])
    signal = get_json(server, of(BUCKET_ID, "signals"))[1][0]
    assert (signal["readings"], signal["first"], signal["last"]["epoch"]) == (3, FIRST, FIRST)
    assert (chart(server)["readings"], chart(server)["count"]) == ([], 0)


def test_the_page_shows_all_of_a_bucket_with_old_times_beyond(chromium, server, board):
    now = int(time.time())
    board.send([reading(v=i % 7, e=now - 600 + 10 * i) for i in range(60)])
    taken_by_an_older_server(server, BEYOND)
    taken_by_an_older_server(server, ["1e17", "-1e17"], sn="far")
    with page(chromium) as opened:
        for stretch in ("range=all", "from=-1e15&to=1e15", "range=hour"):
            opened.goto(f"{server.url}/#b={BUCKET_ID}&{stretch}")
            opened.wait_for_function(DRAWN, arg="t")
        assert opened.locator("article.card").count() == 2

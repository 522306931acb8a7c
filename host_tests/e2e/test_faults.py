"""Each fault of tools/server/faults.py, and those of Wi-Fi and names, over and over: nothing is
lost, left open or kept in memory, and the client key is seen by nobody else.

Two boards, one for each transport and API, take the same faults at the same time. What they wait
for between two requests is skipped, what their sockets wait for is not: faults that take a
time-out each have boards of their own, which wait beside the others.
"""

import itertools
import json
import math
import os
import re
import signal
import ssl
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from host_tests import soak
from tools.interpreter import ROOT
from tools.server.faults import FAULTS, GOOD, UnknownFault, asked_for, status

from .fault_rig import (
    BACKOFF_MAX_S,
    END,
    REFUSED,
    SLOW_RETRY_S,
    TIMES,
    RedirectTarget,
    once_and_often,
    play_round,
    two_rigs,
)

SLOW_TIMES = int(os.environ.get("SLOW_TIMES", 3))  # a time-out each; `make soak` has all of TIMES
SLOW_TIMEOUT_S = 3
REFUSED_TIMES = 4  # the server is away until a board has asked 25 times
BUSY = ("500", "501", "502", "503", "504")
BUSY_TIMES = 100  # so many pauses have a mean that is sure
HEAP_SLACK_BYTES = 1000  # less than the smallest block of a heap, 32 bytes, for each of TIMES

MINUTES = ["301", "302", "303", "307", "308", "401", "402", "403", "404"]
MINUTES += ["405", "407", "410", "411", "415", "426", "431", "511"]
# With `requests`, or with the kept connection, this is no fault.
HARMLESS = {
    "requests": (
        "closed-after-the-status-line",
        "closed-after-the-answer",
        "oversized-body-accepted",
    ),
    "kept": (
        "closed-after-the-answer",
        "oversized-body-accepted",
        "chunked-accepted",
        "100-first",
    ),
}
BROKEN = "a broken answer"
SAID = {
    **dict.fromkeys(
        ("301", "302", "303", "307", "308"), "a redirect was answered, which is never"
    ),
    "401": "the client key or the address is refused (HTTP 401)",
    "402": "the account is over its limit (HTTP 402)",
    "403": "the client key is refused (HTTP 403)",
    "404": "nothing is at this address (HTTP 404): check ingest_url",
    "405": "nothing takes readings at this address (HTTP 405): check ingest_url",
    "407": "a proxy wants a log-in (HTTP 407)",
    "410": "nothing is at this address any more (HTTP 410): check ingest_url",
    "411": "the body's length was lost on the way (HTTP 411)",
    "415": "what answered takes no JSON (HTTP 415)",
    "426": "what answered wants another protocol (HTTP 426)",
    "431": "the headers are too large for what answered (HTTP 431)",
    "511": "this network wants a log-in (HTTP 511)",
    "100-first": BROKEN,
    "portal": "what answered is not the API (HTTP 200, no JSON): check ingest_url",
    **dict.fromkeys(("garbage", "garbage-in-a-line"), BROKEN),
    "no-number": BROKEN,
    "another-protocol": BROKEN,
    "endless-line": "",  # requests: "not enough memory"
}


def check_nothing_is_left(one, many):
    """After many of a fault as little is open, and in memory, as after one."""
    assert many["files"] <= one["files"]
    assert many["heap"] <= one["heap"] + HEAP_SLACK_BYTES


@pytest.fixture(scope="module")
def redirect_target():
    with RedirectTarget() as target:
        yield target


@pytest.fixture(scope="module")
def rigs(tmp_path_factory, redirect_target):
    with two_rigs(tmp_path_factory, redirect_target) as found:
        yield found


@pytest.fixture(scope="module")
def slow_ones(tmp_path_factory, redirect_target):
    """By name, what comes of each slow fault: futures, for it goes on beside the other tests."""

    def take(fault):
        with two_rigs(tmp_path_factory, redirect_target, SLOW_TIMEOUT_S) as found:
            for rig in found:
                rig.patience_s += 5 * SLOW_TIMEOUT_S * SLOW_TIMES
            return once_and_often(found, fault, SLOW_TIMES)

    tmp_path_factory.getbasetemp()  # it is not made by several threads at once
    slow = [fault for fault in FAULTS.values() if fault.slow]
    with ThreadPoolExecutor(len(slow)) as threads:
        yield {fault.name: threads.submit(take, fault) for fault in slow}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_over_and_over(rigs, slow_ones, name):
    fault = FAULTS[name]
    times = BUSY_TIMES if name in BUSY else REFUSED_TIMES if name == "refused" else TIMES
    if fault.slow:
        times = SLOW_TIMES
        outcome = slow_ones[name].result()
    else:
        outcome = once_and_often(rigs, fault, times)
    for transport, one, many in outcome:
        check_nothing_is_left(one, many)
        if name in HARMLESS[transport]:
            assert (many["new retries"], many["said"]) == (1, None)
            continue
        check_said(name, many["said"])
        if name == "refused":
            assert one["new retries"] >= REFUSED
            assert many["new retries"] >= REFUSED_TIMES * REFUSED >= TIMES
            continue
        # The kept connection repeats at once what broke on a connection that was used before.
        assert many["new retries"] in (times, times + 1)
        check_waits(name, one, many)
        if fault.refuses:
            assert 1 <= many["new rejected"] <= 3  # then it is the server that is wrong
        else:
            assert one["new rejected"] == many["new rejected"] == 0


def check_waits(name, one, many):
    """How long a board waits for a fault and for the one that ends the round: minutes, or a
    back-off with full jitter, which is half its cap on average."""
    most_ms = 1000 * BACKOFF_MAX_S * max(2, one["new retries"])
    if name in MINUTES:
        pause_ms = SLOW_RETRY_S * 1000
        assert one["took_ms"] >= pause_ms * 3 / 4
        assert one["waited_ms"] <= pause_ms * 5 / 4 + most_ms
    elif name in ("429-seconds", "503-seconds"):
        assert one["took_ms"] >= 7000
        assert one["waited_ms"] <= 7000 + most_ms
    elif not FAULTS[name].slow:  # (else a pause is as long as the attempt was, by the PC's time)
        assert one["waited_ms"] <= most_ms * 5 / 4
    if name in BUSY:
        cap_ms = BUSY_TIMES * BACKOFF_MAX_S * 1000
        assert many["took_ms"] > 0.35 * cap_ms
        assert many["waited_ms"] < 0.65 * cap_ms


def check_said(name, said):
    if name in SAID:
        assert said.startswith(SAID[name])
    elif name[:3].isdigit():
        assert f"HTTP {name[:3]}" in said
    else:
        assert re.match(r"(no answer \(|a broken answer|HTTP \d+) ?", said), said
    # Three times the same broken answer: perhaps it was accepted each time.
    assert (SAID.get(name) == BROKEN) <= ("again and again" in said)


def kind(said):
    """What was said, of however many readings."""
    return said and re.sub(r"a reading|\d+ readings", "readings", said)


@pytest.mark.parametrize(
    "trouble, sentence",
    [
        ("lose_contact", None),
        ("lie", "not in range"),
        ("refuse_the_password", "its password was refused"),
        ("forget_names", "no answer (-2)"),
    ],
)
def test_a_trouble_of_the_network_over_and_over(rigs, trouble, sentence):
    for rig in rigs:
        rig.front.answer = FAULTS["closed-after-the-answer"].run  # without a link none stays
    try:
        ones = play_round(rigs, trouble=f"{trouble} 1")
        manies = play_round(rigs, trouble=f"{trouble} {TIMES}")
    finally:
        for rig in rigs:
            rig.front.answer = rig.answer
    for one, many in zip(ones, manies, strict=True):
        check_nothing_is_left(one, many)
        assert kind(one["said"]) == kind(many["said"]) and (sentence or "") in (many["said"] or "")
        # The link that lies is found out by four POSTs in vain, then made anew.
        expected = {"lie": 4 * TIMES, "forget_names": TIMES}.get(trouble, 0)
        assert many["new retries"] == expected


def test_a_poisoned_reading_is_found_in_few_requests_and_dropped_alone(rigs):
    """Any reading may be: the server refuses what holds it, whatever else is in the body."""

    def beginning(rig):
        poison = rig.arrived[-1] + 25
        sizes, ended = [], []

        def answer(connection, store):
            values = [r.get("v", r.get("value")) for r in json.loads(connection.body)]
            if poison in values:
                sizes.append(len(values))
                return FAULTS["400"].run(connection, store)
            if values[0] > poison and not ended:
                ended.append(True)
                return END.run(connection, store)
            return GOOD.run(connection, store)

        rig.front.answer = answer
        rig.begin()
        return poison, sizes

    begun = [beginning(rig) for rig in rigs]
    for rig, (poison, sizes) in zip(rigs, begun, strict=True):
        report = rig.wait_for_report()
        rig.front.answer = rig.answer
        assert report["new rejected"] == 1 and poison not in rig.arrived
        assert report["said"] == 'a reading of "n" was refused alone (HTTP 400) and dropped'
        assert sizes[-1] == 1 and 2 <= len(sizes) <= math.log2(sizes[0]) + 2


def test_the_server_says_how_long_to_wait_up_to_an_hour(rigs):
    for report in play_round(rigs, status(429, b"Retry-After: 999999\r\n")):
        assert report["took_ms"] >= 3600_000
        assert report["waited_ms"] <= 3600_000 + 2000 * BACKOFF_MAX_S


def test_readings_arrive_whole_and_in_order_through_a_server_that_fails_three_in_ten(tmp_path):
    runs = soak.run_all(["requests", "kept, TLS"], 800, 0.3, 7, tmp_path)
    for run in runs:
        assert not run.wrong, str(run)
        assert sum(run.done.values()) > 20


@pytest.mark.parametrize("tls", [False, True])
def test_make_serve_fails_boards_as_it_is_told(tmp_path, tls):
    server = subprocess.Popen(
        [sys.executable, "-m", "tools.server", "--folder", tmp_path, "--port", "0"]
        + ["--ntp-port", "0", "--faults", "503, answer-lost,good,good"]
        + ["--tls"] * tls,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        shown = list(itertools.takewhile(lambda line: "Ctrl-C" not in line, server.stdout))
        assert any("failed on purpose" in line for line in shown), shown
        config = json.loads((tmp_path / "config.json").read_text())
        body = {
            "bucketId": str(uuid.uuid4()),
            "bucketName": "b",
            "clientKey": config["client_key"],
        }
        context = ssl.create_default_context(cafile=tmp_path / "ca.pem") if tls else None

        def answer():
            request = Request(config["bucket_url"], json.dumps(body).encode(), method="POST")
            request.add_header("Content-Type", "application/json")
            try:
                with urlopen(request, context=context) as found:
                    return found.status
            except HTTPError as e:
                return e.code
            except OSError:
                return "none"

        assert [answer() for _ in range(5)] == [503, "none", 204, 204, 503]
    finally:
        server.send_signal(signal.SIGINT)
        rest, _ = server.communicate(timeout=120)
    assert "503 2 x, good 2 x, answer-lost 1 x" in rest


@pytest.mark.parametrize(
    "asked, complaint", [("1.5", "from 0 to 1"), ("nan", "from 0 to 1"), ("503,dns", "'dns'")]
)
def test_what_is_no_fault_and_no_probability_is_told(asked, complaint):
    with pytest.raises(UnknownFault, match=complaint):
        asked_for(asked)


def test_make_serve_says_which_faults_there_are_not(tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "tools.server", "--folder", tmp_path, "--faults", "dns"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert run.stderr == "There is no fault 'dns': see python -m tools.faults.\n"

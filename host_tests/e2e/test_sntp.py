"""What the firmware makes of each kind of SNTP packet, sent to it over a real UDP socket.

The packets: RFC 4330, sections 4, 5 and 8. One MicroPython runs programs/ask_ntp.py for all.
"""

import json
import socket
import subprocess
import time

import pytest

from tools import interpreter
from tools.server import sntp

from .ntp_server import NtpServer, good
from .rig import PROGRAMS

TIMEOUT_S = 30  # where none is to run out, none does on a busy machine
ERA_1 = 2085978496  # Unix time when NTP's seconds start again, in February 2036


@pytest.fixture(scope="module")
def asker():
    pipe = subprocess.PIPE
    with interpreter.start(PROGRAMS / "ask_ntp.py", stdin=pipe, stdout=pipe) as process:
        yield process
        process.stdin.close()


@pytest.fixture
def ask(asker):
    def ask(*hosts, questions=1, timeout_s=TIMEOUT_S, again=True):
        """Have these hosts asked so often, and give what came of each question."""
        case = {"hosts": hosts, "timeout_s": timeout_s, "questions": questions}
        case["again"] = again
        asker.stdin.write(json.dumps(case) + "\n")
        asker.stdin.flush()
        return json.loads(asker.stdout.readline())

    return ask


def put(at, data):
    """Answers rightly, but for the bytes `data` at `at`."""

    def answer(question):
        packet = good(question)
        packet[at : at + len(data)] = data
        return packet

    return answer


def first(answer):
    """Answers the first question so, and all later ones well."""
    rest = [answer]
    return lambda question: (rest.pop() if rest else good)(question)


def stamped(received_s, sent_s, stay_s=0):
    """Answers with these Unix times, once the question has stayed for so long."""

    def answer(question):
        time.sleep(stay_s)
        packet = good(question)
        packet[32:40] = sntp.timestamp(int(received_s * 10**9)).to_bytes(8, "big")
        packet[40:48] = sntp.timestamp(int(sent_s * 10**9)).to_bytes(8, "big")
        return packet

    return answer


def is_right(outcome, ahead_s=0):
    """The clock is set, and not further off than it says, nor than half of what it took."""
    assert outcome["done"] and outcome["wrong"] is None, outcome
    least_ms, most_ms = outcome["off_ms"]
    error_ms = outcome["error_ms"] + 2
    assert least_ms - error_ms <= ahead_s * 1000 <= most_ms + error_ms, outcome
    assert outcome["error_ms"] <= outcome["took_ms"] / 2 + 2, outcome


REFUSED = {
    "leap indicator 3, the server has no time": put(0, b"\xe4"),
    "mode 3, a client": put(0, b"\x23"),
    "mode 5, a broadcast": put(0, b"\x25"),
    "stratum 16, the server is not set": put(1, b"\x10"),
    "47 bytes": lambda question: good(question)[:47],
    "no bytes": lambda question: b"",
    "another question's stamp": put(24, bytes(range(8))),
    "no stamp": put(24, bytes(8)),
    "half a stamp": put(28, bytes(4)),
    "a time before this release": stamped(1577836800, 1577836800.001),
    "no time": put(40, bytes(8)),
    "a kiss of death with no stamp": put(1, bytes(31)),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_spoiled_packet_is_refused_and_the_next_good_one_is_taken(ask, kind):
    with NtpServer(first(REFUSED[kind])) as ntp:
        refused, then = ask(ntp.host, questions=2)
        assert refused["wrong"] and ntp.host in refused["wrong"] and not refused["done"], refused
        assert ntp.asked == 2
    is_right(then)


def test_a_host_that_sends_a_kiss_of_death_is_left_alone(ask):
    with NtpServer(put(1, b"\0")) as killed, NtpServer(put(0, b"\xe4")) as unset:
        outcomes = ask(killed.host, unset.host, questions=6)
        hosts = [killed.host, unset.host] * 3
        assert all(host in told["wrong"] for host, told in zip(hosts, outcomes, strict=True))
        assert killed.asked == 1 and unset.asked == 3


def test_when_no_address_is_left_nobody_is_asked(ask):
    with NtpServer(put(1, b"\0")) as killed:
        outcomes = ask(killed.host, questions=3)
        assert all(killed.host in told["wrong"] for told in outcomes)
        assert killed.asked == 1


def test_a_reply_from_elsewhere_is_not_heard(ask):
    def forged_first(question):
        ntp.send_from_elsewhere(good(question, ahead_s=3600))
        return good(question)

    def forged_only(question):
        ntp.send_from_elsewhere(good(question, ahead_s=3600))

    with NtpServer(forged_first) as ntp:
        is_right(*ask(ntp.host))
        ntp.answer = forged_only
        (outcome,) = ask(ntp.host, timeout_s=1)
    assert outcome["wrong"] and not outcome["done"]


def test_silence_costs_the_time_out(ask):
    with NtpServer(lambda question: None) as silent, NtpServer() as other:
        outcome, then = ask(silent.host, other.host, questions=2, timeout_s=1)
    assert silent.host in outcome["wrong"] and not outcome["done"]
    assert outcome["took_ms"] >= 990
    is_right(then)


def test_hosts_are_asked_in_turn_until_one_knows_the_time(ask):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        nobody.bind(("127.0.0.1", 0))
        closed = f"127.0.0.1:{nobody.getsockname()[1]}"
    with NtpServer(put(0, b"\xe4")) as unset, NtpServer() as right:
        *wrong, outcome = ask(closed, unset.host, right.host, questions=3)
        assert [o["done"] for o in wrong] == [False, False]
        assert unset.asked == 1 <= right.asked
    is_right(outcome)


def test_a_host_may_be_a_name_with_several_addresses(ask):
    with NtpServer() as ntp:  # where the name has an IPv6 address too, nobody listens there
        outcomes = ask(f"localhost:{ntp.port}", questions=4)
    is_right(next(o for o in outcomes if o["done"]))


def test_the_answer_with_the_least_round_trip_sets_the_clock(ask):
    # A busy machine may make any of them the quickest: which it was, its hour tells.
    delays_s = (0.15, 0.03, 0.15)

    def slow(question):
        i = ntp.asked - 1
        answer = good(question, ahead_s=3600 * i)
        time.sleep(delays_s[i])
        return answer

    with NtpServer(slow) as ntp:
        samples = ask(ntp.host, questions=3, again=False)
    assert [(s["wrong"], s["done"]) for s in samples] == [(None, i == 2) for i in range(3)]
    errors_ms = [sample["error_ms"] for sample in samples]  # of the best so far
    assert errors_ms == sorted(errors_ms, reverse=True)
    assert errors_ms[2] <= min(sample["took_ms"] for sample in samples) / 2 + 2
    is_right(samples[2] | {"took_ms": 60000}, ahead_s=3600 * errors_ms.index(errors_ms[2]))


def test_the_time_that_a_server_keeps_the_question_is_no_travel(ask):
    def slow(question):
        came_s = time.time()
        time.sleep(0.3)
        return stamped(came_s, time.time())(question)

    with NtpServer(slow) as ntp:
        is_right(*ask(ntp.host))


@pytest.mark.parametrize(
    "received_s, sent_s",
    [
        (ERA_1 - 60.001, ERA_1 - 60),
        (ERA_1 - 0.1, ERA_1 + 0.1),  # while the question is at the server
        (ERA_1 + 0.25, ERA_1 + 0.251),
        (4102444800, 4102444800.001),  # in 2100
    ],
)
def test_the_seconds_start_again_in_2036(ask, received_s, sent_s):
    stay_s = sent_s - received_s if sent_s - received_s > 0.1 else 0
    before_s = time.time()
    with NtpServer(stamped(received_s, sent_s, stay_s)) as ntp:
        (outcome,) = ask(ntp.host)
    took_ms = (time.time() - before_s) * 1000
    least_ms, most_ms = (off_ms - (sent_s - before_s) * 1000 for off_ms in outcome["off_ms"])
    error_ms = outcome["error_ms"] + 2
    assert outcome["done"], outcome
    assert least_ms <= error_ms and most_ms >= -took_ms - error_ms, outcome

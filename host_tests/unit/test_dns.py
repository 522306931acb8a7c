"""A look-up of a name, in steps: what of an answer is believed, and what becomes of all others."""

import internet
import network
from dns_host import record, wire
from islog import dns
from virtual_board import raises, time

NAME = "service.test"
POINTER = b"\xc0\x0c"  # to the question's name
STEP_MS = 100


def found(look, step_ms=STEP_MS):
    """What a look-up comes to, gone on with as the kept connection does: its addresses, or why
    there are none. No step takes longer than it may."""
    try:
        while True:
            before_ms = time.up_ms()
            addresses = look.step(step_ms)
            assert time.up_ms() - before_ms <= step_ms
            if addresses:
                return addresses
            time.advance(0 if step_ms else 10)
    except OSError as e:
        return e.args[0]
    finally:
        look.close()
        assert internet.open_sockets == 0


def look_up(name=NAME):
    return found(dns.LookUp(name, network.dns))


def answered(records, name=NAME):
    """What a look-up comes to where the answer has these records."""

    def change(question, answer):
        head = question[:2] + b"\x81\x80\0\1" + len(records).to_bytes(2, "big") + b"\0\0\0\0"
        return [head + question[12:] + b"".join(records)]

    internet.dns.change = change
    return look_up(name)


def a(address, owner=POINTER, ttl_s=300):
    return record(owner, 1, ttl_s, bytes([int(part) for part in address.split(".")]))


def test_a_name_has_the_addresses_that_the_server_gives_in_its_order():
    internet.names[NAME] = ["192.0.2.9", "192.0.2.1", "198.51.100.200"]
    assert look_up() == internet.names[NAME]
    assert look_up("other.test") == "no such name"
    assert internet.dns.asked == [NAME, "other.test"]


def test_an_address_may_be_used_for_its_ttl_but_no_less_than_seconds_and_no_more_than_an_hour():
    internet.names[NAME] = ["192.0.2.9"]
    for ttl_s, used_s in (
        (0, 10),
        (9, 10),
        (11, 11),
        (3600, 3600),
        (3601, 3600),
        (65535, 3600),
        (65536, 3600),
        (0x7FFFFFFF, 3600),
        (0x80000000, 10),  # none at all: RFC 2181
    ):
        internet.dns.ttl_s = ttl_s
        look = dns.LookUp(NAME, network.dns)
        assert found(look) == ["192.0.2.9"] and look.ttl_s == used_s
    # Of a chain, and of several addresses, the shortest.
    alias = record(POINTER, 5, 60, wire("b.test"))
    look = dns.LookUp(NAME, network.dns)
    records = (a("192.0.2.1", wire("b.test"), 90), alias, a("192.0.2.2", wire("b.test"), 30))
    internet.dns.change = lambda question, _: [
        question[:2] + b"\x81\x80\0\1\0\3\0\0\0\0" + question[12:] + b"".join(records)
    ]
    assert found(look) == ["192.0.2.1", "192.0.2.2"] and look.ttl_s == 30


def test_aliases_are_followed_within_the_answer_and_no_further():
    internet.names["host.cdn.test"] = ["192.0.2.7"]
    internet.dns.aliases = {NAME: "www.service.test", "www.service.test": "host.cdn.test"}
    assert look_up() == ["192.0.2.7"]
    internet.names["host.cdn.test"] = []
    internet.dns.aliases["host.cdn.test"] = NAME  # in a ring
    assert look_up() == "no address"
    internet.dns.aliases = {NAME: "nowhere.test"}
    assert look_up() == "no such name"
    # An answer that ends with the alias, and one whose address is another name's.
    alias = record(POINTER, 5, 60, wire("b.test"))
    assert answered([alias]) == "no address"
    assert answered([alias, a("192.0.2.1", wire("c.test"))]) == "no address"
    assert answered([a("192.0.2.1", wire("c.test"))]) == "no address"
    assert answered([alias, a("192.0.2.1", wire("B.test"))]) == ["192.0.2.1"]
    # The order is the server's affair, but for a chain without end.
    assert answered([a("192.0.2.1", wire("b.test")), alias]) == ["192.0.2.1"]
    chain = [record(wire("%d.test" % i), 5, 60, wire("%d.test" % (i + 1))) for i in range(12)]
    assert answered(chain + [a("192.0.2.1", wire("12.test"))], "0.test") == "no address"
    assert answered(chain[5:] + [a("192.0.2.1", wire("12.test"))], "5.test") == ["192.0.2.1"]


def test_what_is_no_address_is_passed_over():
    text = record(POINTER, 16, 60, b"\4text")
    six = record(POINTER, 28, 60, b"\x20\1" + bytes(14))
    chaos = POINTER + b"\0\1\0\3" + bytes(4) + b"\0\4" + b"\1\2\3\4"
    assert answered([text, six, chaos, a("192.0.2.1")]) == ["192.0.2.1"]
    assert answered([text, six, chaos]) == "no address"
    assert answered([a("0.0.0.0")]) == "no address"
    assert answered([a("0.0.0.0"), a("192.0.2.1"), a("192.0.2.1")]) == ["192.0.2.1"]
    assert answered([]) == "no address"


def test_what_the_server_has_to_say_is_told_in_words_at_once():
    for code, words in (
        (3, "no such name"),
        (2, "the DNS server has failed"),
        (5, "the DNS server refuses, 5"),
        (1, "the DNS server refuses, 1"),
    ):
        internet.dns.codes = {NAME: code}
        look = dns.LookUp(NAME, network.dns)
        before_ms = time.up_ms()
        assert found(look) == words and look.answered
        assert time.up_ms() - before_ms == internet.dns.delay_ms
    internet.dns.codes = {}
    # Some leave the question out, as BIND does where it could not read it.
    for head, words in (
        (b"\x81\x81", "the DNS server refuses, 1"),
        (b"\x83\x80", "a DNS answer that is too long"),
        (b"\x81\x80", "the DNS server is silent"),  # (that says nothing)
    ):
        internet.dns.change = lambda question, _, head=head: [question[:2] + head + bytes(8)]
        assert look_up() == words
    internet.dns.change = None
    internet.dns.truncated = True
    assert look_up() == "a DNS answer that is too long"
    internet.dns.truncated = False
    internet.names[NAME] = ["192.0.2.%d" % i for i in range(1, 32)]
    assert look_up() == "a DNS answer that is too long"
    internet.names[NAME].pop()  # as many as there may be
    assert look_up() == internet.names[NAME]


def test_a_silent_server_is_asked_four_times_with_growing_pauses_and_given_up():
    internet.dns.silent = True
    asked_ms = []
    internet.during_call = lambda name: name == "send" and asked_ms.append(time.up_ms())
    look = dns.LookUp(NAME, network.dns)
    assert found(look) == "the DNS server is silent" and not look.answered
    assert asked_ms == [0, 500, 1500, 3500] and time.up_ms() == 7500


def test_a_lost_question_costs_a_pause_and_a_late_answer_still_counts():
    internet.names[NAME] = ["192.0.2.9"]
    internet.dns.deaf_to = 2
    assert look_up() == ["192.0.2.9"]
    assert time.up_ms() == 1500 + internet.dns.delay_ms
    internet.dns.delay_ms = 1200  # it is asked again meanwhile
    assert look_up() == ["192.0.2.9"] and len(internet.dns.asked) == 5


def test_a_program_that_looks_once_a_minute_gets_what_has_come_meanwhile():
    internet.names[NAME] = ["192.0.2.9"]
    for delay_ms in (10, 3000, 59000):
        internet.dns.delay_ms = delay_ms
        look = dns.LookUp(NAME, network.dns)
        assert look.step(0) is None
        time.advance(60000)
        assert look.step(0) == ["192.0.2.9"]
        look.close()
    # After days, whatever the ticks say then, it is asked once more at most.
    for pause_ms in (86400000, 7 * 86400000, 12 * 86400000, 20 * 86400000):
        internet.dns.deaf_to = len(internet.dns.asked) + 1
        internet.dns.delay_ms = 10
        look = dns.LookUp(NAME, network.dns)
        assert look.step(0) is None
        time.advance(pause_ms)
        assert found(look) == ["192.0.2.9"]


def test_only_an_answer_to_this_very_question_is_heard():
    internet.names[NAME] = ["192.0.2.9"]

    def forged(question, answer):
        lie = answer[:-4] + b"\x0a\6\6\6"
        at = answer.index(b"\7service")
        other = wire("service.pest")
        return [
            bytes((lie[0] ^ 1,)) + lie[1:],
            lie[:1] + bytes((lie[1] ^ 0x80,)) + lie[2:],
            lie[:2] + b"\1" + lie[3:],  # a question
            lie[:2] + b"\xa1" + lie[3:],  # an UPDATE's answer
            lie[:4] + b"\0\2" + lie[6:],
            lie[:4] + b"\0\0" + lie[6:],
            lie[:at] + b"\7Service" + lie[at + 8 :],
            lie[:at] + other + lie[at + len(other) :],
            lie.replace(b"\0\0\1\0\1\xc0", b"\0\0\x1c\0\1\xc0"),
            lie.replace(b"\0\0\1\0\1\xc0", b"\0\0\1\0\3\xc0"),
            lie[:11],
            b"",
            answer[:20],
            answer,
            lie,
        ]

    internet.dns.change = forged
    assert look_up() == ["192.0.2.9"]
    internet.dns.change = lambda question, answer: forged(question, answer)[:-2] * 9
    assert look_up() == "the DNS server is silent"


def test_the_case_of_a_name_is_kept_and_no_two_questions_have_the_same_id_and_port():
    internet.names[NAME] = ["192.0.2.9"]
    assert look_up("Service.TEST") == ["192.0.2.9"] and internet.dns.asked == ["Service.TEST"]
    assert look_up("service.test.") == ["192.0.2.9"] and internet.dns.asked[1] == NAME
    internet.dns.change = lambda question, answer: [answer.replace(b"Service", b"service")]
    assert look_up("Service.test") == "the DNS server is silent"
    internet.dns.change = None
    for _ in range(40):
        look_up()
    assert len(set(internet.dns.ids)) > 40
    assert len(set(internet.udp_ports)) > 40 and min(internet.udp_ports) >= 0xC000


def lies(at):
    """Records that lie there in an answer and cannot be."""
    good = a("192.0.2.1")
    return (
        good[:-1],
        good[:-4],
        good[:11],
        good[:5],
        good[:1],
        POINTER,
        b"",
        good[:10] + b"\0\5" + good[12:],  # longer than there is
        good[:10] + b"\xff\xff" + good[12:],
        good[:10] + b"\0\3" + good[12:-1],  # an address of three bytes
        good[:10] + b"\0\5" + good[12:] + b"\0",
        b"\xc0" + bytes((at,)) + good[2:],  # names that point to themselves, forward, away,
        b"\xc0" + bytes((at + 20,)) + good[2:],
        b"\xff\xff" + good[2:],
        b"\xc0\0" + good[2:],  # into the header,
        b"\1x\xc0" + bytes((at,)) + good[2:],  # in a ring
        b"\x40" + good,  # (no length of a label)
        b"\x80" + good,
        b"\x3fshort" + good,
        b"".join([b"\x3f" + b"x" * 63] * 4) + b"\0" + good[2:],  # longer than 255 bytes
        b"".join([b"\1x"] * 128) + b"\0" + good[2:],
        record(POINTER, 5, 60, wire("b.test")[:-1]),  # an alias that ends before its end,
        record(POINTER, 5, 60, wire("b.test") + b"\0"),  # or behind it
        record(POINTER, 5, 60, b""),
        record(POINTER, 5, 60, b"\xc0"),
    )


def test_an_answer_that_lies_is_refused_as_a_whole():
    good = a("192.0.2.1")
    start = 12 + len(wire(NAME)) + 4  # where the records begin
    for lie in lies(start):
        assert answered([lie]) == "a broken DNS answer", lie
        assert answered([lie, good]) != ["192.0.2.1"], lie
    for lie in lies(start + len(good)):
        assert answered([good, lie]) == "a broken DNS answer", lie
    # What comes behind the records that were counted is not looked at.
    assert answered([good + b"\xff\xff\xff"]) == ["192.0.2.1"]


def test_names_may_be_as_long_as_they_may_be_and_pointed_to_in_turn():
    long = ".".join(["x" * 63] * 3 + ["y" * 61])
    internet.names[long] = ["192.0.2.1"]
    assert look_up(long) == ["192.0.2.1"]
    for name in (long + "y", "", ".", "a..b", ".a", "x" * 64 + ".test"):
        assert raises(OSError, dns.LookUp, name, network.dns).args == ("no such name",)
    # www.service.test, whose end is the question's; and an address of what points to that.
    at = 12 + len(wire(NAME)) + 4 + 12
    alias = record(POINTER, 5, 60, b"\3www" + POINTER)
    assert answered([alias, a("192.0.2.1", b"\xc0" + bytes((at,)))]) == ["192.0.2.1"]


def test_an_answer_cut_anywhere_never_has_an_address():
    internet.names[NAME] = ["192.0.2.1"]
    for size in range(12 + len(wire(NAME)) + 4 + 16):
        internet.dns.change = lambda question, answer, size=size: [answer[:size]]
        assert look_up() in ("a broken DNS answer", "the DNS server is silent")


def test_whatever_leaves_a_step_no_socket_stays_open():
    internet.names[NAME] = ["192.0.2.1"]
    for error in (KeyboardInterrupt(), MemoryError(), OSError(12), RuntimeError()):
        number = 0
        unhurt = False
        while not unhurt:
            left = [number]

            def hurt(name, left=left, error=error):
                left[0] -= 1
                if left[0] == -1 and name != "close":
                    raise error

            internet.dns.deaf_to = len(internet.dns.asked) + 1
            look = dns.LookUp(NAME, network.dns)
            internet.during_call = hurt
            try:
                while not look.step(STEP_MS):
                    pass
                unhurt = left[0] >= 0
            except type(error):
                pass
            internet.during_call = None
            look.close()
            assert internet.open_sockets == 0
            number += 1
        assert number > 8

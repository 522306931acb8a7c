"""A DNS server (RFC 1035) for the names of `internet`, in virtual time, as a router's forwarder
is: one answer for each question, its answers' names as pointers to the question's.

It is `silent`, or for the first `deaf_to` questions; its answer comes after `delay_ms`, or is
`truncated`. `codes`: name -> an RCODE; `aliases`: name -> its canonical one; `change`: a function
of question and answer that returns the packets to send in the answer's place.
"""

PORT = 53
_MOST_BYTES = 512


class Dns:
    def __init__(self):
        self.silent = self.truncated = False
        self.deaf_to = 0
        self.delay_ms = 10
        self.ttl_s = 300
        self.codes = {}
        self.aliases = {}
        self.change = None
        self.asked = []  # names, as they were written
        self.ids = []

    def replies(self, question):
        name, end = _name(question)
        kind = question[end : end + 4]
        self.asked.append(name)
        self.ids.append(question[:2])
        import internet  # which imports this

        internet.resolved.append(name)
        if self.silent or internet.dns_silent or len(self.asked) <= self.deaf_to:
            return []
        code, records = self._found(name.lower(), kind)
        cut = self.truncated or end + 4 + len(b"".join(records)) > _MOST_BYTES
        if cut:
            records = []
        head = question[:2] + bytes((0x83 if cut else 0x81, 0x80 | code))
        answer = head + b"\0\1\0" + bytes((len(records),)) + b"\0\0\0\0" + question[12 : end + 4]
        answer += b"".join(records)
        if self.change:
            return [(self.delay_ms, packet) for packet in self.change(question, answer)]
        return [(self.delay_ms, answer)]

    def _found(self, name, kind):
        import internet

        # (RCODE, records).
        records = []
        owner = b"\xc0\x0c"
        while name in self.aliases and len(records) < 8:
            name = self.aliases[name]
            target = wire(name)
            records.append(record(owner, 5, self.ttl_s, target))
            owner = target
        known = {key.lower(): internet.names[key] for key in internet.names}
        if name in self.codes or name not in known:
            return self.codes.get(name, 3), records
        if kind == b"\0\1\0\1":
            found = known[name]
            for address in [internet.address_of(name)] if found is True else found:
                value = bytes([int(part) for part in address.split(".")])
                records.append(record(owner, 1, self.ttl_s, value))
        return 0, records


def wire(name):
    """A name's bytes."""
    return b"".join([bytes((len(part),)) + part.encode() for part in name.split(".")]) + b"\0"


def record(owner, kind, ttl_s, value):
    """One of the answer's; `kind` 1: an address, 5: a canonical name."""
    head = bytes((0, kind, 0, 1)) + ttl_s.to_bytes(4, "big") + len(value).to_bytes(2, "big")
    return owner + head + value


def _name(question):
    at, parts = 12, []
    while question[at]:
        parts.append(str(question[at + 1 : at + 1 + question[at]], "utf-8"))
        at += 1 + question[at]
    return ".".join(parts), at + 1

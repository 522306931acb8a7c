"""An NTP host (RFC 4330) in virtual time."""

import time


class Ntp:
    """An NTP host with the right time: `unix_ms` at virtual time 0. `silent`: packets are lost."""

    def __init__(self, unix_ms):
        self.unix_ms = unix_ms
        self.silent = False
        self.delay_ms = 10
        self.change = None  # a function that may spoil the answer, a bytearray
        self.asked = 0

    def now_ms(self):
        return self.unix_ms + time.up_ms()

    def answer(self, question):
        self.asked += 1
        if self.silent:
            return None
        time.advance(self.delay_ms)
        stamp = self._stamp()
        reply = bytearray(48)
        reply[0] = 0x24
        reply[1] = 2
        reply[24:32] = question[40:48]
        reply[32:40] = stamp
        reply[40:48] = stamp
        if self.change:
            self.change(reply)
        time.advance(self.delay_ms)
        return bytes(reply)

    def _stamp(self):
        seconds, ms = divmod(self.now_ms(), 1000)
        fraction = (ms << 32) // 1000
        return (seconds + 2208988800 & 0xFFFFFFFF).to_bytes(4, "big") + fraction.to_bytes(4, "big")

"""When a board's readings arrive, and what that tells: its rhythm, its rate, and how its clock is.

All of it goes by the server's clock, for a board's own may be wrong. Kept are the latest arrivals,
each with its readings; one that comes soon after another counts as a part of it, so that what a
board makes up for after an outage, batch after batch, does not become its rhythm.
"""

import json

KEPT = 32
AHEAD_S = 60  # a time so far beyond its arrival is a clock that is ahead
BEHIND_S = 365.25 * 86400  # so far before: a clock that is behind; less may be from a spool

_TOGETHER_S = 1.0
_TOGETHER_PART = 4  # or within this part of the usual interval
_NEW_LATE_S, _NEW_SILENT_S = 3600, 86400  # where the rhythm is not known yet


class Arrivals:
    """One board's. received: the latest arrival, Unix s; ahead_s: the newest time in it minus

    that; kept: [[Unix s, readings], ...], oldest first."""

    def __init__(self, received=None, ahead_s=0.0, kept="[]"):
        self.received = received
        self.ahead_s = ahead_s
        self.kept = json.loads(kept)
        self.every_s = self._usual()

    def add(self, received, newest, readings):
        """A batch with so many `readings`, the `newest` of that time, has arrived."""
        self.ahead_s = newest - received
        self.received = received
        together = max(_TOGETHER_S, (self.every_s or 0) / _TOGETHER_PART)
        if self.kept and 0 <= received - self.kept[-1][0] < together:
            self.kept[-1][1] += readings
            return
        self.kept = [*self.kept[1 - KEPT :], [round(received, 3), readings]]
        self.every_s = self._usual()

    def row(self):
        """What the constructor takes."""
        return self.received, self.ahead_s, json.dumps(self.kept, separators=(",", ":"))

    @property
    def clock_s(self):
        """By how much the board's clock is wrong (positive: ahead), None where it may be right."""
        return self.ahead_s if self.ahead_s > AHEAD_S or self.ahead_s < -BEHIND_S else None

    def state(self, now):
        """online, late, silent; empty where nothing has arrived."""
        if self.received is None:
            return "empty"
        late_s, silent_s = _NEW_LATE_S, _NEW_SILENT_S
        if self.every_s is not None:
            late_s, silent_s = 2 * self.every_s + 60, 5 * self.every_s + 300
        quiet_s = now - self.received
        return "silent" if quiet_s > silent_s else "late" if quiet_s > late_s else "online"

    def per_minute(self):
        """Readings a minute while the board sends; None where it is not known."""
        if self.every_s is None:
            return None
        readings = seconds = 0
        for (begin, count), (end, _) in zip(self.kept, self.kept[1:], strict=False):
            if 0 < end - begin <= 3 * self.every_s:
                readings += count
                seconds += end - begin
        return 60 * readings / seconds

    def _usual(self):
        """The interval that nine of ten keep, and all but one where they are few: s, or None."""
        steps = sorted(b[0] - a[0] for a, b in zip(self.kept, self.kept[1:], strict=False))
        steps = [step for step in steps if step > 0]
        return steps[min(len(steps) * 9 // 10, len(steps) - 2)] if len(steps) >= 3 else None

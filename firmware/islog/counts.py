"""What a Logger counts, and what it said, for programs that ask."""

_NAMES = (
    "state pending sent dropped rejected retries spooled recovered lost synced last_error"
    " bucket_id"
)


class Counts:
    """The base of Logger.

    Logged = `sent` + `dropped` + `rejected` + `pending`, at any moment; `retries` are failed POSTs
    of readings. With spool_file, `spooled` readings are in flash; those of earlier boots count
    apart from the above, as `recovered` (sent) or `lost` (never to be sent).
    """

    state = ""  # Logger's
    _quiet = True  # Logger's
    _said = ()  # type: tuple[tuple[int, str], ...]

    def __init__(self, uplink, timekeeper, intake, spool):
        self._uplink = uplink
        self._time = timekeeper
        self._intake = intake
        self._ring = intake.store
        self._spool = spool

    @property
    def pending(self):
        if self.state == "closed":
            return 0
        return self._ring.count + self._uplink.pending + (self._spool.own if self._spool else 0)

    @property
    def sent(self):
        return self._uplink.sent

    @property
    def dropped(self):
        gone = self._ring.overflows + self._ring.missed + self._uplink.dropped
        return gone + self._spool.dropped if self._spool else gone

    @property
    def rejected(self):
        return self._ring.rejected + self._uplink.rejected

    @property
    def retries(self):
        return self._uplink.retries

    @property
    def spooled(self):
        batch = self._uplink.left if self._uplink.foreign or self.state == "closed" else 0
        return self._spool.count + batch if self._spool else 0

    @property
    def recovered(self):
        return self._uplink.recovered

    @property
    def lost(self):
        return self._uplink.lost + (self._spool.lost if self._spool else 0)

    @property
    def synced(self):
        return self._time.synced

    def _say(self, sentence):
        # On the console, and kept for who comes later: in a new tuple each time, at once.
        said = self._said
        if not self._quiet and (not said or said[-1][1] != sentence):
            print("islog:", sentence)
        try:
            told = self._time.clock.uptime_s(), sentence
            self._said = tuple([old for old in said if old[1] != sentence][-4:] + [told])
        except MemoryError:
            pass

    def status(self):
        """A dict of the above, with `clock` (what set it: "none", "http", "ntp"), `clock_error_ms`
        (the likely error of the time now, or of the oldest reading's), `said`, the last different
        sentences for the console, oldest first, each with the uptime in seconds when it was said
        last, and `uptime_s`, which that is now."""
        status = {name: getattr(self, name) for name in _NAMES.split()}
        status["clock"] = self._time.clock.source
        status["clock_error_ms"] = self._time.error_ms(self._ring)
        status["said"] = list(self._said)
        status["uptime_s"] = self._time.clock.uptime_s()
        return status

"""What a Logger counts, for programs that ask."""

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

    def status(self):
        """A dict of the above, with `clock` (what set it: "none", "http", "ntp") and
        `clock_error_ms` (the likely error of the time now, or of the oldest reading's)."""
        status = {name: getattr(self, name) for name in _NAMES.split()}
        status["clock"] = self._time.clock.source
        status["clock_error_ms"] = self._time.error_ms(self._ring)
        return status

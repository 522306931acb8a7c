"""The time that a caller gives log() as `epoch`: checked, made an int for the ring, and a text for
the batch."""

# Unix seconds: 2001. A smaller number is a time that was counted from 2000, as some ports do.
_FIRST = 978307200
_LAST = 4294967295  # 2106, the end of 32 bits
_DOUBLE = 1.0 + 2**-40 != 1.0  # floats here are precise enough for a Unix time


def as_int(epoch):
    """An epoch as one int, which also tells whether the caller gave microseconds: if so, Unix time
    in microseconds; if not, -1 - seconds, which is below 0.

    `epoch`: int seconds, (seconds, microseconds), or a float where floats are double precision.
    ValueError, TypeError: what is wrong with it.
    """
    micros = None
    if type(epoch) is tuple and len(epoch) == 2:
        epoch, micros = epoch
        if type(micros) is not int:
            raise TypeError("an epoch is int seconds, or a tuple (seconds, microseconds) of ints")
        if not 0 <= micros < 1000000:
            raise ValueError("the microseconds of an epoch are 0 to 999999, not %d" % micros)
    elif type(epoch) is float:
        if not _DOUBLE:
            raise ValueError("a float cannot hold an epoch here: pass (seconds, microseconds)")
        seconds = int(epoch) if epoch - epoch == 0 else 0  # not for NaN, nor infinity
        _check(seconds)
        return seconds * 1000000 + min(999999, round((epoch - seconds) * 1000000))
    if type(epoch) is not int:
        raise TypeError("an epoch is int seconds, or a tuple (seconds, microseconds) of ints")
    _check(epoch)
    return -1 - epoch if micros is None else epoch * 1000000 + micros


def _check(seconds):
    if not _FIRST <= seconds <= _LAST:
        raise ValueError(
            "an epoch is Unix time from 2001 to 2106, in seconds: not %d"
            " (where time.time() counts from 2000, as on an ESP32, add 946684800)" % seconds
        )


def as_text(epoch):
    """The digits of the Unix time of which as_int() has made `epoch`."""
    return "%d" % (-1 - epoch) if epoch < 0 else "%d.%06d" % divmod(epoch, 1000000)

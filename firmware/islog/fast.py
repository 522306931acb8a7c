"""What `payload.record` does, as machine code: imported where the port can compile it."""

import micropython


@micropython.viper
def record(buf, at: int, before, name, value, time, ms: int) -> int:
    """Write one reading; see payload.record."""
    out = ptr8(buf)  # noqa: F821
    data = ptr8(before)  # noqa: F821
    end = at + int(len(before))
    i = 0
    while at < end:
        out[at] = data[i]
        at += 1
        i += 1
    data = ptr8(name)  # noqa: F821
    end = at + int(len(name))
    i = 0
    while at < end:
        out[at] = data[i]
        at += 1
        i += 1
    data = ptr8(value)  # noqa: F821
    end = at + int(len(value))
    i = 0
    while at < end:
        out[at] = data[i]
        at += 1
        i += 1
    data = ptr8(time)  # noqa: F821
    end = at + int(len(time))
    i = 0
    while at < end:
        out[at] = data[i]
        at += 1
        i += 1
    i = at + 8
    while i >= at:
        if i == at + 5:
            out[i] = 0x2E
        else:
            out[i] = 0x30 + ms % 10
            ms = ms // 10
        i -= 1
    out[at + 9] = 0x7D
    out[at + 10] = 0x2C
    return at + 11

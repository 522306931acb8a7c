"""Bytes that should be UTF-8 and are not, made UTF-8: RFC 3629, section 4.

A str of MicroPython's may hold such: the halves of a character beyond U+FFFF that JSON has as two
escapes (extmod/modjson.c puts each in by itself), a literal of a .py file that is saved as
Latin-1, bytes of a device that look like UTF-8 (utf8_check, py/unicode.c, looks at lengths only).
"""


def repaired(data):
    """`data` with such halves (a surrogate pair) joined to the character that they stand for; each
    byte or half that is no UTF-8 even then becomes U+FFFD."""
    out = bytearray()
    at = 0
    while at < len(data):
        code, size = _code(data, at)
        if 0xD800 <= code < 0xDC00 and at + size < len(data):
            low, more = _code(data, at + size)
            if 0xDC00 <= low < 0xE000:
                # 0x10000 + (code - 0xD800 << 10) + low - 0xDC00
                code = (code << 10) + low - 0x35FDC00
                size += more
        if code < 0 or 0xD800 <= code < 0xE000:
            code = 0xFFFD
        out.extend(chr(code).encode())
        at += size
    return out


def _code(data, at):
    # (The code point at `at`, which may be a surrogate; how many bytes it takes.) -1: no UTF-8.
    c = data[at]
    if c < 0x80:
        return c, 1
    size = 2 + (c > 0xDF) + (c > 0xEF)
    code = c & 0x7F >> size
    for i in range(at + 1, at + size):
        if i >= len(data) or data[i] & 0xC0 != 0x80:
            return -1, 1
        code = code << 6 | data[i] & 0x3F
    if c < 0xC2 or code < (0x80, 0x800, 0x10000)[size - 2] or code > 0x10FFFF:
        return -1, 1
    return code, size

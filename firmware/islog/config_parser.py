"""Reads a JSON file that MicroPython's `json` refuses, or of which it may have left something out:
returns what it holds, or says in which line and column what is wrong.

Loaded only for such a file, and forgotten afterwards (config_file.py); `make config` uses it, too.
It accepts what MicroPython's parser (extmod/modjson.c) does, as long as nothing is lost by it:
commas and colons may be too many or missing, a bracket may be of the other kind, NULs may be at
the end. No sentence repeats what stands in the file: it may be the client key.
"""

from .utf8 import repaired

_BLANK = b" \t\r\n"
_WORDS = {b"true": True, b"false": False, b"null": None}
_NO_NAME = ()  # no name was read yet: a thing that no JSON value is equal to


def parse(data):
    """(what the bytes hold; the names that one object in it has more than once). ValueError: its
    text is the end of a sentence, with the numbers of the line and, in characters, the column."""
    data = data.rstrip(b"\0" + _BLANK)
    if not data:
        raise ValueError("is empty")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:2]:
        raise ValueError("is saved as UTF-16: save it as UTF-8")
    good = repaired(data)
    if good != data:
        at = 0
        while data[at] == good[at]:
            at += 1
        while good[at] & 0xC0 == 0x80:
            at -= 1
        raise ValueError("is not saved as UTF-8, see %s: save it so" % _place(data, at))
    inside, outside = None, []  # type: object, list
    name, twice = _NO_NAME, []  # type: object, list
    at = 0
    while at < len(data):
        c = data[at : at + 1]
        if c in b",:" + _BLANK:
            at += 1
            continue
        if c in b"]}":
            if inside is None:
                _refuse(data, at, "begins with a bracket that closes")
            if name != _NO_NAME:
                _refuse(data, at, "ends a name without a value")
            at += 1
            if not outside:
                if at < len(data):
                    at = len(data) - len(data[at:].lstrip())
                    _refuse(data, at, "has something behind the end")
                return inside, twice
            inside = outside.pop()
            continue
        if c in b"[{":
            value, after = [] if c == b"[" else {}, at + 1  # type: object, int
        else:
            value, after = _text(data, at) if c == b'"' else _word(data, at)
        if isinstance(inside, list):
            inside.append(value)
        elif isinstance(inside, dict):
            if name == _NO_NAME:
                if not isinstance(value, str):
                    _refuse(data, at, "has a value where a name in double quotes should be")
                name = value
            else:
                if name in inside:
                    twice.append(name)
                inside[name] = value
                name = _NO_NAME
        if c in b"[{":
            if inside is not None:
                outside.append(inside)
            inside = value
        elif inside is None:  # no more than a text, or a number
            return value, twice
        at = after
    _refuse(data, at, "ends where a closing bracket is missing")


def _place(data, at):
    # (The column counts characters, as an editor does.)
    begin = data.rfind(b"\n", 0, at) + 1
    characters = sum(c & 0xC0 != 0x80 for c in data[begin:at])
    return "line %d, column %d" % (data.count(b"\n", 0, at) + 1, characters + 1)


def _refuse(data, at, words):
    raise ValueError("is not JSON: %s %s" % (_place(data, at), words))


def _text(data, at):
    # (The text that begins at `at`; the position behind its closing quote.)
    start, out = at, bytearray()
    escapes = {0x62: 8, 0x66: 12, 0x6E: 10, 0x72: 13, 0x74: 9, 0x22: 0x22, 0x5C: 0x5C, 0x2F: 0x2F}
    at += 1
    while data[at : at + 1] != b'"':
        c = data[at] if at < len(data) else 10
        if c == 10:
            _refuse(data, start, "has a text without its closing quote")
        if c == 0x5C:
            at += 1
            c = data[at] if at < len(data) else 0
            if c == 0x75:
                c = data[at + 1 : at + 5]
                if len(c) != 4 or c.strip(b"0123456789abcdefABCDEF"):
                    _refuse(data, at, "has a \\u that is not followed by four hex digits")
                c = int(c, 16)
                at += 4
                if c > 0x7FF:  # perhaps half a character, which encode() need not take
                    out.extend(bytes((0xE0 | c >> 12, 0x80 | c >> 6 & 0x3F, 0x80 | c & 0x3F)))
                else:
                    out.extend(chr(c).encode())
                at += 1
                continue
            c = escapes.get(c)
            if c is None:
                _refuse(data, at, "has a \\ that stands for nothing: a backslash is \\\\")
        out.append(c)
        at += 1
    good = repaired(out)
    if good.count(b"\xef\xbf\xbd") > out.count(b"\xef\xbf\xbd"):
        _refuse(data, start, "has half a character: \\ud83c and its like come in twos")
    return str(good, "utf-8"), at + 1


def _word(data, at):
    # (The number, true, false or null that begins at `at`; the position behind it.)
    end = at
    while end < len(data) and data[end] not in b',:"[]{}' + _BLANK:
        end += 1
    word = data[at:end]
    if word in _WORDS:
        return _WORDS[word], end
    if not word.strip(b"+-.0123456789eE") and word[:1] not in b"+.eE":
        try:
            return (float if word.strip(b"+-0123456789") else int)(str(word, "utf-8")), end
        except ValueError:
            pass
    if word.lower() in (b"true", b"false", b"none"):
        _refuse(data, at, "has a word that is Python's: write true, false or null")
    if word[:1] in b"/#":
        _refuse(data, at, "has a comment: take it out")
    if word[:1] == b"'":
        _refuse(data, at, 'has single quotes: type double ones (")')
    if word[:2] == b"\xe2\x80" and b"\x98" <= word[2:3] <= b"\x9f":
        _refuse(data, at, 'has curly quotes: type straight ones (")')
    if word[:2] == b"\xc2\xa0" or word[:3] in (b"\xe2\x80\x8b", b"\xef\xbb\xbf"):
        _refuse(data, at, "has an invisible character: delete it")
    _refuse(data, at, "has something that is not in double quotes, or a quote too many")

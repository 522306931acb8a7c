"""Raises the exception for what can never be a reading, with the reason in words. The limits:
docs/api.md, Logger.log."""


def signal(thing):
    if not isinstance(thing, str):
        raise TypeError("a signal is a str, not %s" % type(thing).__name__)
    if thing.startswith("islog."):
        raise ValueError("signals that begin with islog. are its own: choose another name")
    raise ValueError("a signal has 1 to 100 characters, not %d" % len(thing))


def value(thing):
    if type(thing) is int:
        raise ValueError("an int has at most 64 bits, signed: send it as a str")
    if type(thing) is str:
        raise ValueError("a str has at most 1000 UTF-8 bytes, not %d" % len(thing.encode()))
    raise TypeError("a value is an int, float, bool or str, not %s" % type(thing).__name__)


def collection(thing):
    raise TypeError("log_object takes a dict or a list, not %s" % type(thing).__name__)

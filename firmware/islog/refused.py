"""Why something can never be a reading, in words. Limits: docs/api.md, Logger.log."""


def signal(given):
    if not isinstance(given, str):
        raise TypeError("a signal is a str, not %s" % type(given).__name__)
    if given.startswith("islog."):
        raise ValueError("signals that begin with islog. are its own: choose another name")
    raise ValueError("a signal has 1 to 100 characters, not %d" % len(given))


def value(given):
    if type(given) is int:
        raise ValueError("an int has at most 64 bits, signed: send it as a str")
    if type(given) is str:
        raise ValueError("a str has at most 1000 UTF-8 bytes, not %d" % len(given.encode()))
    raise TypeError("a value is an int, float, bool or str, not %s" % type(given).__name__)


def collection(given):
    raise TypeError("log_object takes a dict or a list, not %s" % type(given).__name__)

"""Everything of islog that runs on the host; nothing in here goes to a board."""

import sys


def counted(count, noun):
    """How many there are, in words: "1 reading", "2,400 readings", "2 batches"."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun}{'es' if noun.endswith(('s', 'x', 'ch', 'sh')) else 's'}"


def _say_stopped(kind, error, trace):
    """Ctrl-C while a command is still being loaded: a traceback helps nobody."""
    if issubclass(kind, KeyboardInterrupt):
        print("\nStopped.", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _say_stopped

"""Everything of islog that runs on the host; nothing in here goes to a board."""

import sys


def counted(count, noun):
    """How many there are, in words: "1 reading", "2,400 readings", "2 batches"."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun}{'es' if noun.endswith(('s', 'x', 'ch', 'sh')) else 's'}"


def on_interrupt(sentence):
    """What is said where Ctrl-C ends a command, at whatever moment: a traceback helps nobody."""

    def hook(kind, error, trace):
        if issubclass(kind, KeyboardInterrupt):
            print(f"\n{sentence}", file=sys.stderr)
        else:
            sys.__excepthook__(kind, error, trace)

    sys.excepthook = hook


on_interrupt("Stopped.")

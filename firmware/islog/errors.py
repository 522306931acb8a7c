"""What says that something is wrong, and the modules that are loaded for one call only.

A leaf: the modules that it loads give the heap that they take back once the call is over.
"""

import gc
import sys


class ConfigError(ValueError):
    """A setting is wrong: its text is one sentence with its name, what is wrong, what to do."""


def once(module, name, *args):
    """What `name`(*args) of islog's `module` returns: that is loaded for this call only."""
    package = __name__.rpartition(".")[0]
    path = package + "." + module
    try:
        return getattr(__import__(path, None, None, (name,)), name)(*args)
    finally:
        if sys.modules.pop(path, None):
            delattr(sys.modules[package], module)


def why(wrong, *values):
    """The end of a sentence (explain.py), or a word where that cannot be loaded."""
    try:
        return once("explain", "why", wrong, *values)
    except Exception:  # no memory, no flash, another thread that is loading it: words only
        return "refused"


def no_memory(what):
    """`what`, a sentence about memory, with how much of it is free."""
    try:
        return "%s (%d KB free)" % (what, gc.mem_free() // 1024)
    except MemoryError:
        return what

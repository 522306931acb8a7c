"""What an error says, and modules that are loaded for one call: when it returns they are
forgotten, and the garbage collector takes their heap back.
"""

import gc
import sys


class ConfigError(ValueError):
    """A setting is wrong: its text is one sentence with its name, what is wrong, what to do."""


def call_unloading(module, name, *args):
    """What `name`(*args) of islog's `module` returns; the module is loaded for this call only."""
    package = __name__.rpartition(".")[0]
    path = package + "." + module
    try:
        return getattr(__import__(path, None, None, (name,)), name)(*args)
    finally:
        if sys.modules.pop(path, None):
            delattr(sys.modules[package], module)


def in_words(otherwise, about, *values):
    """What explain.py's `about`(*values) says, or `otherwise` where that cannot be loaded."""
    try:
        return call_unloading("explain", about, *values)
    except Exception:  # no memory, no flash, another thread that is loading it
        return otherwise


def why(wrong, *values):
    """The end of a sentence about a setting, a file or a module: see explain.why."""
    return in_words("refused", "why", wrong, *values)


def no_memory(what):
    """`what`, a sentence about memory, with how much of it is free."""
    try:
        return "%s (%d KB free)" % (what, gc.mem_free() // 1024)
    except MemoryError:
        return what


def stumbled(e):
    """The sentence for an exception that has left a step of a Logger's in the middle."""
    if isinstance(e, MemoryError):
        what = no_memory("there was no memory for the next step")
    else:
        what = type(e).__name__
        if isinstance(e, (AttributeError, ImportError)):
            what = why("stumbled", e)
        what = "the next step went wrong (%s)" % what
    return what + ", which is tried again"

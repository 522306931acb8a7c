"""ConfigError; the words for an error, from explain.py, and when they are printed again; and
call_unloading(), which loads a module for one call: when that returns the module is forgotten, and
its heap is free for other things.
"""

import gc
import sys


class ConfigError(ValueError):
    """A setting is wrong: its text is one sentence with its name, what is wrong, what to do."""


def call_unloading(module, name, *args):
    """Load islog's `module`, call its function `name`(*args), forget the module. Returns what the
    function returns."""
    package = __name__.rpartition(".")[0]
    path = package + "." + module
    try:
        return getattr(__import__(path, None, None, (name,)), name)(*args)
    finally:
        if sys.modules.pop(path, None):
            delattr(sys.modules[package], module)


def in_words(otherwise, about, *values):
    """What the function `about`(*values) of explain.py returns; `otherwise` where that cannot be
    loaded now."""
    try:
        return call_unloading("explain", about, *values)
    except Exception:  # no memory, no flash, another thread that is loading it
        return otherwise


def why(wrong, *values):
    """The end of a sentence that begins with the name of a setting, a file or a module, and says
    what is wrong with it: explain.why."""
    return in_words("refused", "why", wrong, *values)


def no_memory(what):
    """The sentence `what`, with how much of the heap is free behind it."""
    try:
        return "%s (%d KB free)" % (what, gc.mem_free() // 1024)
    except MemoryError:
        return what


def stumbled(e):
    """The sentence for the exception `e`, which has ended a step of Logger.poll()."""
    if isinstance(e, MemoryError):
        what = no_memory("there was no memory for the next step")
    else:
        what = type(e).__name__
        if isinstance(e, (AttributeError, ImportError)):
            what = why("stumbled", e)
        what = "the next step went wrong (%s)" % what
    return what + ", which is tried again"


def told(said, sentence, uptime_s, changed_s):
    """(What is to be printed of `sentence`, which is said at `uptime_s`, or ""; the next `said`.)
    A sentence is printed once in ten minutes at most, with a count of how often it was said; in
    five where things have changed since (at the uptime `changed_s`). With `changed_s` None, it is
    also printed where another one was since.

    `said` is a tuple of the last twelve different sentences, the latest last, each as (the uptime
    when it was said last, it, when it was printed, how often it was said since). A new one takes
    the place of the first, and waits in its stead: so twelve at most are printed at once."""
    words, old, at, n, known, end = sentence, [], uptime_s, 0, said[:-11], 0
    for last in said:
        if last[1] == sentence:
            known = (last,)
        else:
            old.append(last)
            end = max(end, last[2])  # when another one was printed
    for _, _, begin, count in known:
        after_s = 600
        if changed_s is None:
            after_s *= begin > end
        elif begin <= changed_s:
            after_s = 300
        if uptime_s - begin < after_s:
            words, at, n = "", begin, count + 1
        elif count:
            words += " (%d times in %d minutes)" % (count + 1, (uptime_s - begin) // 60)
    return words, tuple(old[-11:] + [(uptime_s, sentence, at, n)])

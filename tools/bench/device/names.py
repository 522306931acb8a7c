"""How many bytes of names modules would bring to the 32-bit build, which has some of them already.

Argument: the names, separated by NUL. Prints micropython.qstr_info() before and after they come.
"""

import gc

import micropython


def main(names):
    import loaded

    assert loaded.modules
    yield
    micropython.qstr_info()
    for name in names.split("\0"):
        hasattr(gc, name)  # makes a name of the text
    micropython.qstr_info()
    yield

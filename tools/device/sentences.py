"""Which of the firmware's sentences tell no trouble: read in its own source.

A Logger has two ways to say something. on_trouble() is for what is wrong: it becomes last_error,
and is printed. `_say("...")`, and the two lines that service.py prints as a Logger begins, leave
last_error alone. What is passed to these as a literal, or as a format, and as the only argument,
is no trouble; all else is.
"""

import ast
import re

from tools.settings import FIRMWARE

_VALUE = re.compile(r"%[sdr]")  # in a format
_OFTEN = r"(?: \(\d+ .*\))?"  # "(17 times in 10 minutes)", where it was said before


def no_trouble(folder=FIRMWARE):
    """A pattern that matches those sentences, whole."""
    patterns = (".+".join(map(re.escape, _VALUE.split(text))) for text in formats(folder))
    return re.compile(f"(?:{'|'.join(patterns)}){_OFTEN}")


def formats(folder=FIRMWARE):
    """Those sentences, as the firmware has them: with %s where a value comes."""
    return list(
        dict.fromkeys(
            text
            for path in sorted(folder.glob("*.py"))
            for text in _literals(ast.parse(path.read_text("utf-8")))
        )
    )


def _literals(tree):
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        first, *others = [*call.args, *call.keywords, None]
        if name == "print" and isinstance(first, ast.Constant) and first.value == "islog:":
            first, *others = others
        elif name != "_say":
            continue
        if others != [None]:
            continue
        if isinstance(first, ast.BinOp) and isinstance(first.op, ast.Mod):
            first = first.left
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield first.value

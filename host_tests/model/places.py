"""Where islog's lines are, and what can happen at each: for the injections (inject.py).

Ctrl-C is taken to leave any line. MemoryError leaves a line that allocates: one with a call, a
string, a tuple, a list, a slice or an exception to be made. Not with these calls: a function of
islog's own (a frame that finds no heap goes to the C stack, py/objfun.c; its lines are looked at
themselves), whatever has a name like one, _so, and NO_HEAP.

A soft callback runs where MicroPython looks for one: behind a jump (py/vm.c has
DISPATCH_WITH_PEND_EXC_CHECK at its JUMP opcodes, whether or not they jump, and nowhere else), and
while a call waits. So a straight line of statements is one step for it, and so is the rest of a
line behind its last `and`, `or` or `if`. CPython's bytecode has its jumps in the same places.
"""

import ast
import dis
from pathlib import Path

import islog

PACKAGE = Path(islog.__file__).parent
NO_HEAP = {"ticks_ms", "ticks_diff", "ticks_add", "len", "type", "isinstance", "isfinite", "min"}
NO_HEAP |= {"max", "abs", "hasattr", "get", "bool", "clear", "close", "find", "count", "pop"}
NO_HEAP |= {"startswith", "endswith", "isdigit", "sleep_ms", "collect", "next", "int"}
# These are names of methods of built-in types, too, or of generators: a call makes an object.
NO_FUNCTION = {"append", "extend", "write", "read", "add", "copy", "insert", "text"}
JUMPS = {dis.opmap[name] for name in dis.opmap if "JUMP" in name}


class _Lines(ast.NodeVisitor):
    def __init__(self, own, makers):
        self._own = own
        self._makers = makers
        self.found = set()

    def generic_visit(self, node):
        if self._allocates(node):
            self.found.add(node.lineno)
        super().generic_visit(node)

    def _allocates(self, node):
        if isinstance(node, ast.Call):
            called = node.func
            name = getattr(called, "id", None) or getattr(called, "attr", "")
            free = name in NO_HEAP or name in self._own
            if name[:1] == "_" and name not in self._makers:
                free = name[1:2].islower()
            return not free or any(isinstance(arg, ast.Starred) for arg in node.args)
        if isinstance(node, ast.BinOp):
            return any(_is_text(side) for side in (node.left, node.right))
        if isinstance(node, ast.Tuple):
            return isinstance(node.ctx, ast.Load) and not isinstance(node, ast.Constant)
        made = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.GeneratorExp, ast.DictComp)
        made += (ast.JoinedStr, ast.Slice, ast.Raise, ast.Import, ast.ImportFrom, ast.Lambda)
        return isinstance(node, made) and hasattr(node, "lineno")


def _is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))


def _straight(node):
    # `a, b = c, d` takes no tuple (py/compile.c, for two and three).
    return (
        isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Tuple)
        and isinstance(node.targets[0], ast.Tuple)
        and len(node.value.elts) in (2, 3)
    )


def allocating():
    """{path: the numbers of its lines that allocate} of all of islog."""
    trees = {str(path): ast.parse(path.read_text()) for path in sorted(PACKAGE.glob("*.py"))}
    own, makers = set(), set(NO_FUNCTION)
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                makes = any(isinstance(n, (ast.Yield, ast.YieldFrom)) for n in ast.walk(node))
                (makers if makes else own).add(node.name)
    own -= makers
    lines = {}
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if _straight(node):
                node.value.ctx = ast.Store()  # no tuple is made
        look = _Lines(own, makers)
        look.visit(tree)
        lines[path] = look.found
    return lines


ALLOCATING = allocating()
EMPTY = frozenset()


def jumps(code):
    """Where in its bytecode a code object has jumps."""
    raw = code.co_code
    return {at for at in range(0, len(raw), 2) if raw[at] in JUMPS}


def is_behind_a_jump(place):
    """Whether Ctrl-C, too, comes to that line on MicroPython: any other is there to be strict."""
    path, wanted = place
    if not wanted:
        return True
    codes = [compile(Path(path).read_text(), path, "exec")]
    for code in codes:
        codes += [part for part in code.co_consts if hasattr(part, "co_code")]
        steps = list(dis.get_instructions(code))
        starts = {at: line for at, line in dis.findlinestarts(code) if line == wanted}
        for i in range(1, len(steps)):
            if steps[i].offset in starts:
                if steps[i].is_jump_target or steps[i - 1].opcode in JUMPS:
                    return True
    return False


def name(place):
    """FILE:LINE"""
    path, line = place
    return "%s:%d" % (path.rpartition("/")[2], line) if line else path

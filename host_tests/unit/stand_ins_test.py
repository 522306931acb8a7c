"""A callback comes at the interpreter's jumps: where the real module is in C, it cannot come."""

import ast

from host_tests.on_cpython import STAND_INS

JUMPS = (ast.If, ast.IfExp, ast.BoolOp, ast.For, ast.While, ast.Try, ast.comprehension)
ATOMIC = ("ticks_ms", "ticks_us", "ticks_diff", "unix_us", "time", "_ticks", "up_us", "up_ms")


def test_what_tells_a_time_has_no_jump():
    seen = []
    for name, functions in (("time", ATOMIC), ("pc_time", ("us",))):
        tree = ast.parse((STAND_INS / f"{name}.py").read_text("utf-8"))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name in functions:
                seen.append(node.name)
                assert not [part for part in ast.walk(node) if isinstance(part, JUMPS)], node.name
    assert sorted(seen) == sorted((*ATOMIC, "us"))

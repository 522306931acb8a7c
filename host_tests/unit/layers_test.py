"""Arrows point one way: host_tests uses tools, and never the other way round. And each module of
the firmware has its tests under its name."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
SIMULATOR = ROOT / "tools" / "simulator"
ON_A_BOARD = ("stand_ins", "sensors")


def imported(path):
    """The full names of what a module imports, those that it imports later among them; a package
    of its own begins with its path in the project."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = path.relative_to(ROOT).parts[: -node.level] if node.level else ()
            name = ".".join([*above, *([node.module] if node.module else [])])
            found |= {f"{name}.{alias.name}" for alias in node.names} | {name}
    return found


def modules(folder):
    found = [path for path in folder.rglob("*.py") if "node_modules" not in path.parts]
    assert found
    return found


def test_the_imports_of_a_module_are_seen_wherever_they_stand():
    found = imported(ROOT / "host_tests/soak.py")
    assert {"json", "tools.server.tls", "tools.server.tls.Chain"} <= found
    assert any(name.startswith("host_tests.e2e.") for name in found)
    assert "tools.server.store" in imported(ROOT / "tools/load.py")  # within a function
    assert "tools.simulator.recordings" in imported(SIMULATOR / "board.py")  # relative


def test_no_tool_imports_a_test():
    for path in modules(ROOT / "tools"):
        assert not [name for name in imported(path) if name.split(".")[0] == "host_tests"], path


def test_the_simulator_needs_no_fake_of_the_tests():
    folder = ROOT / "host_tests" / "fakes"  # where the stand-ins are links
    fakes = {path.stem for path in folder.glob("*.py") if not path.is_symlink()}
    beside = {path.stem for name in ON_A_BOARD for path in (SIMULATOR / name).glob("*.py")}
    assert not fakes & beside
    built_in = {"micropython", "requests", "select", "socket", "uctypes"}  # MicroPython has them
    for path in modules(SIMULATOR):
        assert not imported(path) & (fakes - built_in), path
        assert "host_tests" not in path.read_text("utf-8"), path


def test_each_module_of_the_firmware_has_tests_under_its_name():
    unit = ROOT / "host_tests" / "unit"
    named = {path.stem for path in (ROOT / "firmware" / "islog").glob("*.py")} - {"__init__"}
    assert not [name for name in named if not (unit / f"test_{name}.py").exists()]
    for name in named:
        path = unit / f"test_{name}.py"
        assert "\ndef test_" in path.read_text("utf-8"), path


def test_no_file_of_unit_tests_is_longer_than_a_module_may_be():
    for path in (ROOT / "host_tests" / "unit").glob("*.py"):
        assert len(path.read_text("utf-8").splitlines()) <= 350, path

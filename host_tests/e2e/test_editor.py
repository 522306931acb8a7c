"""What an editor tells of islog (firmware/islog/__init__.pyi) is what the firmware has.

The names come from a Logger on a real MicroPython, parameters from the firmware's source, settings
and their defaults from its rules; jedi, which completes in many editors, is asked as they ask it.
"""

import ast
import json

import jedi
import pytest

from host_tests.on_cpython import STAND_INS
from tools import interpreter
from tools.interpreter import FIRMWARE, ROOT
from tools.settings import RULES

STUB = FIRMWARE / "islog/__init__.pyi"
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


def named(node):
    return isinstance(node, FUNCTIONS | ast.ClassDef)


IN_STUB = {node.name: node for node in ast.parse(STUB.read_text()).body if named(node)}
LOGGER = {node.name: node for node in IN_STUB["Logger"].body if named(node)}
ATTRIBUTES = {n.target.id for n in IN_STUB["Logger"].body if isinstance(n, ast.AnnAssign)}


@pytest.fixture(scope="module")
def on_micropython():
    """The public names of the package and of a Logger, and the keys of its status()."""
    program = """
import islog, json
log = islog.Logger("key", "bucket", quiet=True)
guarded = islog.Logger("key", "bucket", quiet=True, restart_after=300, upload_interval=60)
def public(thing):
    return [name for name in dir(thing) if name[0] != "_"]
assert guarded.sleep and guarded.uploading is False and not hasattr(log, "sleep")
log.run  # what is there under asyncio is loaded where it is used
print(json.dumps([list(islog.__all__), public(log), list(log.status()), list(guarded.status())]))
"""
    run = interpreter.run("-c", program, path=[FIRMWARE, STAND_INS])
    assert run.returncode == 0, run.stderr + run.stdout
    return json.loads(run.stdout)


def test_the_stub_has_every_public_name_and_no_other(on_micropython):
    package, logger, status, guarded = on_micropython
    assert {name for name in IN_STUB if name[0] != "_"} == set(package)
    has = {name for name in LOGGER if name[0] != "_"} | ATTRIBUTES
    has -= {"sleep", "uploading"}  # with `upload_interval` only
    assert has == set(logger), f"in {STUB.name} only, or in the firmware only: {has ^ set(logger)}"
    fields = IN_STUB["_Status"].body
    for found, has in ((status, filter(is_always_there, fields)), (guarded, fields)):
        names = {node.target.id for node in has}
        assert names == set(found), f"keys of status(): {names ^ set(found)}"


def is_always_there(field):
    return not ast.unparse(field.annotation).startswith("NotRequired")


def parameters(function):
    """[(name, default as source or None)], `self` or `log` apart; a bare * is left out."""
    a = function.args
    plain = a.posonlyargs + a.args
    defaults = [None] * (len(plain) - len(a.defaults)) + a.defaults
    pairs = [*zip(plain, defaults, strict=True), *zip(a.kwonlyargs, a.kw_defaults, strict=True)]
    return [(p.arg, d and ast.unparse(d)) for p, d in pairs if p.arg not in ("self", "log")]


def in_firmware():
    """The functions of the firmware by name: Logger's own, and those that it hands out."""
    found = {}
    for module, of, names in (
        ("__init__", None, ("from_config",)),
        ("bytecode", "PlainRing", ("log",)),
        ("intake", "Intake", ("log_object",)),
        ("logger", "Logger", None),
        ("uploads", "Uploads", ("sleep",)),
        ("leaps", None, ("slept",)),
        ("task", "Awaitable", ("run", "aflush", "aclose", "__aenter__", "__aexit__")),
    ):
        tree = ast.parse((FIRMWARE / f"islog/{module}.py").read_text())
        inside = tree.body
        if of:
            inside = next(node.body for node in inside if named(node) and node.name == of)
        functions = [node for node in inside if isinstance(node, FUNCTIONS)]
        found |= {node.name: node for node in functions if not names or node.name in names}
    return found


def test_parameters_and_defaults_are_the_firmwares():
    source = in_firmware()
    functions = {**LOGGER, "from_config": IN_STUB["from_config"]}
    for name, function in functions.items():
        if not isinstance(function, FUNCTIONS) or name == "__init__" or function.decorator_list:
            continue  # (a property has no parameters)
        assert parameters(function) == parameters(source[name]), f"{name}() in {STUB.name}"
        assert isinstance(function, ast.AsyncFunctionDef) == isinstance(
            source[name], ast.AsyncFunctionDef
        )


def test_settings_and_their_defaults_are_the_firmwares():
    named = parameters(in_firmware()["__init__"])
    stub = parameters(LOGGER["__init__"])
    assert stub[: len(named)] == named
    settings = {name: ast.literal_eval(default) for name, default in stub[len(named) :]}
    rules = {name: default for name, (default, *_) in RULES.items() if name not in dict(named)}
    assert settings == rules, (
        f"Logger's keywords in {STUB.name} are not config.RULES: put in"
        f" {sorted(rules.items() - _pairs(settings))}, take out"
        f" {sorted(settings.items() - _pairs(rules))}"
    )


def _pairs(settings):
    return set(settings.items())


def test_every_public_name_in_the_stub_says_what_it_is():
    silent = [
        name
        for name, node in [*IN_STUB.items(), *LOGGER.items()]
        if name != "_Status" and not ast.get_docstring(node)
    ]
    assert not silent, f"without a docstring in {STUB.name}: {silent}"


def test_an_editor_completes_log_with_types_and_docstrings():
    text = 'import islog\n\nlog = islog.from_config("config.json")\nlog.'
    project = jedi.Project(ROOT, added_sys_path=[str(FIRMWARE)])
    script = jedi.Script(text, path=ROOT / "main.py", project=project)
    shown = {c.name: c for c in script.complete(4, 4) if not c.name.startswith("_")}
    assert set(shown) == {name for name in LOGGER if name[0] != "_"} | ATTRIBUTES
    assert (
        "log(signal: str, value: _Value, epoch: _Epoch=None) -> bool" in shown["log"].docstring()
    )
    assert "Store one reading, without I/O" in shown["log"].docstring()
    for name, node in LOGGER.items():
        if name[0] == "_":
            continue
        if node.decorator_list:  # a property: jedi tells its type only
            assert shown[name].get_type_hint() == ast.unparse(node.returns), name
        else:  # its parameters, and what it does
            signature, _, about = shown[name].docstring().partition("\n\n")
            assert " -> " in signature and about, name


def test_an_editor_completes_the_settings_of_a_logger():
    text = 'import islog\nislog.Logger("key", "bucket", flush_'
    project = jedi.Project(ROOT, added_sys_path=[str(FIRMWARE)])
    script = jedi.Script(text, path=ROOT / "main.py", project=project)
    assert [c.name for c in script.complete(2, len(text.splitlines()[1]))] == ["flush_interval="]

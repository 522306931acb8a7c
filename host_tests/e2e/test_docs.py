"""What README and docs say is so: their commands and programs run, and every sentence that the
firmware can say is explained in docs/troubleshooting.md. Links: test_references.py.

A command that is new in a page is put into HERE (how it is run), or into ELSEWHERE (who runs
it). It runs in a copy of the checkout, so that it may write what it likes.
"""

import ast
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools import simulator
from tools.server import LocalServer
from tools.settings import ROOT, firmware

from .rig import KEY

SECONDS = 300
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
FIRMWARE = ROOT / "firmware/islog"
TOP = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "examples/README.md")
PAGES = [*(ROOT / name for name in TOP), *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
COMMAND = re.compile(
    r"([A-Z]+=\S+ )?(make|cp|git|pip|npm|npx|apt|brew|mpremote|python3?|tools/\w+\.py(?= )"
    r"|tools/micropython|\.venv/bin/\S+)( |$)"
)


def blocks(page):
    """[(language, text)] of a page's code blocks."""
    return BLOCK.findall(page.read_text("utf-8"))


def spans(page):
    """What stands between backticks in a page's text."""
    text = BLOCK.sub("", page.read_text("utf-8"))
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", text)]


def commands():
    """{command: page}: the lines of shell blocks and, in the text, what begins as one."""
    found = {}
    for page in PAGES:
        lines = [line for language, text in blocks(page) if language in ("", "sh")
                 for line in text.splitlines()]  # fmt: skip
        for text in [re.sub(r"\s{2,}#.*", "", line).strip() for line in lines] + spans(page):
            if COMMAND.match(text):
                found.setdefault(text, page.relative_to(ROOT))
    return found


# ---- commands


@dataclass
class Run:
    """How a command is run: what it says (a pattern), and, where it is another one, as what."""

    says: str
    as_: str | None = None
    until_said: bool = False  # it goes on then, until Ctrl-C
    in_turn: bool = False  # after the others of these, because of config.json


BOOKS = r"logged (\d+), accepted \1, lost 0, duplicates 0"
SERVES = Run(r"Listening on .*, HTTP port \d+[^$]*Ctrl-C ends", until_said=True)
TAKEN = Run(r"config\.json", in_turn=True)

HERE = {
    "make": Run(r"make demo +a simulated board"),
    "make demo SECONDS=120": Run(BOOKS, as_="make demo SECONDS=4"),
    "make bench README=1": Run(r"log\(\), float", as_='make bench README=1 ARGS="--rough"'),
    "make soak": Run(r"0 missing(.|\n)*passed", as_="make soak SHORT=1"),
    'make test ARGS="host_tests/unit/test_ring.py -k overflow"': Run(r"[1-9]\d* passed"),
    "make package": Run(r"build/mip has package\.json"),
    "make coverage": Run(r"TOTAL", as_='make coverage ARGS="host_tests/unit/test_ring.py"'),
    "make serve": SERVES,
    'make serve ARGS="--host 0.0.0.0"': SERVES,
    'make serve ARGS="--host 0.0.0.0 --tls"': SERVES,
    "make ca": Run(
        r"board\.json sends to 127\.0\.0\.1:(.|\n)*ca\.der is the root certificate",
        as_='make ca ARGS="--config tls/board.json --from {root}"',
    ),
    "tools/simulate.py --help": Run(r"--replay", as_=".venv/bin/python {command}"),
    "tools/simulate.py --config local/config.json --main examples/dht22.py": Run(
        r'"sent": [1-9]',
        as_=".venv/bin/python tools/simulate.py --config {board} --main examples/dht22.py"
        " --seconds 3",
    ),
    "python -m host_tests.server.screenshots": Run(r"phone\.png", as_=".venv/bin/{command}"),
    "python -m tools.faults": Run(r"closed-at-once", as_=".venv/bin/{command}"),
    "python -m tools.settings --write": Run(r"", as_=".venv/bin/{command}"),
    # Then the reader puts values in.
    "cp config.example.json config.json": Run(
        r"", as_="{command} && cp {board} config.json", in_turn=True
    ),
    'make config ARGS="--set timeout=10"': TAKEN,
    'make config ARGS="--set timeout=null"': TAKEN,
    "make config ARGS=\"--set 'bucket_name=Greenhouse 2'\"": TAKEN,
    'make config ARGS="--set NAME=null"': Run(
        r"", as_='make config ARGS="--set timeout=null"', in_turn=True
    ),
    'make config ARGS="--check config.json"': TAKEN,
    'make config ARGS="--file board17.json --set bucket_name=board-17"': Run(
        r"board17\.json", as_="cp config.json board17.json && {command}", in_turn=True
    ),
    "MICROPYPATH=firmware:.frozen tools/micropython program.py": Run(
        r"all sent: True", in_turn=True
    ),
    # Last, for these change what the others need.
    'make config ARGS="--set-json more.json"': TAKEN,
    'make config ARGS="--set-json examples/battery.json"': TAKEN,
}

# By the whole command, or by its first two words: the file that runs it, and a text in it.
ELSEWHERE = {
    "make test": (".ci/run", "exec make test"),
    "git clone": (".github/workflows/test.yml", "actions/checkout"),  # and then make demo
    ".venv/bin/python -m pytest": ("tools/run_tests.py", '"pytest"'),
    "make format": ("tools/run_tests.py", '"ruff", "format", "--check"'),
    "brew install micropython": (".github/workflows/test.yml", "brew install micropython"),
    "make demo BOARD=rp2 TLS=1 API=events": (
        "host_tests/e2e/test_tools.py",
        '"--tls", "--api", "events"',
    ),
    "make demo": ("host_tests/e2e/test_tools.py", '"tools.demo"'),
    "make setup": ("host_tests/e2e/test_setup.py", "tools/setup_env"),
    "make config": ("host_tests/e2e/test_configure.py", "tools.configure"),
    "make serve": ("host_tests/server/test_command.py", "tools.server"),
    "make flash": ("host_tests/flash/test_flash.py", "device.flash("),
    "make unflash": ("host_tests/flash/test_flash.py", '"unflash"'),
    "make watch": ("host_tests/flash/test_others.py", '"watch"'),
    "make pull-spool": ("host_tests/flash/test_others.py", '"pull-spool"'),
    "make test-board": ("host_tests/flash/test_others.py", "host_tests.on_real_board"),
    "make bench-board": ("host_tests/flash/test_others.py", '"bench-board"'),
    "make package URL=http://192.168.1.5:8000/mip": (
        "host_tests/flash/test_others.py",
        "package.make(site, f",
    ),
    "mpremote romfs": ("host_tests/flash/test_forms.py", '"romfs", "deploy"'),
    ".venv/bin/mpremote mip": ("host_tests/flash/test_others.py", '"mip", "install"'),
    "mpremote mip": ("host_tests/flash/test_others.py", '"mip", "install"'),
    ".venv/bin/mpremote connect": ("host_tests/flash/conftest.py", '"mpremote", "connect"'),
    "make bench": ("host_tests/e2e/test_docs.py", '"make bench README=1": Run('),  # the same
    "make waits": ("host_tests/e2e/test_waits.py", '"tools.bench.waits"'),
    "make load": ("host_tests/server/test_load.py", "tools.load"),
    "python -m host_tests.model": ("Makefile", "-m host_tests.model"),
    "python -m host_tests.model.fleet": ("host_tests/model/test_fleet.py", "fleet"),
    "python -m tools.load": ("host_tests/server/test_load.py", "tools.load"),
    "make size": ("host_tests/heap/test_budgets.py", "tools/size.py"),
    ".venv/bin/python -m host_tests.on_micropython": ("tools/run_tests.py", "on_micropython"),
    "tools/simulate.py --board": ("host_tests/e2e/test_tools.py", "simulate"),
}


def entry(table, command):
    """What a table has for a command: by all of it, or by its beginning."""
    words = command.split()
    for key in (command, *(" ".join(words[:n]) for n in (4, 3, 2))):
        if key in table:
            return table[key]
    return None


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Reader:
    """Who follows the pages: a copy of the checkout, and a server that its boards send to."""

    def __init__(self, folder, server, tls):
        self.folder = folder
        self.server = server
        self.tls = tls
        ignored = shutil.ignore_patterns(
            ".venv", ".cache", ".git", "node_modules", "build", "local", "config.json", "*.pyc"
        )
        shutil.copytree(ROOT, folder, ignore=ignored)
        for name in (".venv", ".cache", "tools/wasm/node_modules"):
            if (ROOT / name).exists():
                (folder / name).symlink_to(ROOT / name)
        self.environment = ENVIRONMENT
        self.board = folder / "board.json"
        self.board.write_text(json.dumps(self.config()))
        tls = {"bucket_url": tls.bucket_url, "ingest_url": tls.ingest_url}
        (folder / "tls").mkdir()
        (folder / "tls/board.json").write_text(json.dumps(self.config(**tls)))
        more = next(text for lang, text in blocks(ROOT / "docs/settings.md") if lang == "json")
        (folder / "more.json").write_text(more)
        shutil.copy(self.board, folder / "config.json")
        python = next(text for lang, text in blocks(ROOT / "docs/porting.md") if lang == "python")
        (folder / "program.py").write_text(python)

    def config(self, **more):
        return {
            "client_key": KEY,
            "bucket_name": "docs",
            "bucket_url": self.server.bucket_url,
            "ingest_url": self.server.ingest_url,
            "ntp_hosts": [self.server.ntp_host],
            "flush_interval": 1,
            **more,
        }

    def start(self, command, folder=None):
        """A shell that runs a command, as the page has it, in a group of its own."""
        return subprocess.Popen(
            ["sh", "-c", command],
            cwd=folder or self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env=self.environment,
        )

    def follow(self, command, how):
        """Run one to its end, or, where it has none, until it has said what it should."""
        what = (how.as_ or command).format(
            command=command, board=self.board, port=self.tls.port, root=self.tls.ca_file
        )
        if how.until_said:
            port = free_port(socket.SOCK_STREAM)
            more = f"--port {port} --ntp-port {free_port(socket.SOCK_DGRAM)} --folder local{port}"
            what = what[:-1] + f' {more}"' if "ARGS" in what else f'{what} ARGS="{more}"'
        run = self.start(what)
        said = ""
        try:
            if how.until_said:
                for line in run.stdout:
                    said += line
                    if re.search(how.says, said):
                        break
                os.killpg(run.pid, signal.SIGINT)  # as a terminal does, to all of them
            said += run.communicate(timeout=SECONDS)[0]
        finally:
            if run.poll() is None:
                os.killpg(run.pid, signal.SIGKILL)
        assert re.search(how.says, said), f"{what}\n{said}"
        assert how.until_said or run.returncode == 0, f"{what}\n{said}"
        assert KEY not in said


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reader")
    with LocalServer(key=KEY) as server, LocalServer(key=KEY, tls=True) as tls:
        reader = Reader(folder / "islog", server, tls)
        with compiled_as_here(reader.folder):
            yield reader


@contextmanager
def compiled_as_here(folder):
    """What Python has compiled of the checkout counts for its copy in `folder` as well."""
    kept = os.environ.get("PYTHONPYCACHEPREFIX")
    if not kept:
        yield
        return
    own = Path(kept) / folder.relative_to("/")
    own.parent.mkdir(parents=True, exist_ok=True)
    own.symlink_to(Path(kept) / ROOT.relative_to("/"))
    try:
        yield
    finally:
        own.unlink()
        os.removedirs(own.parent)


def test_every_command_has_a_test_that_runs_it():
    for command, page in commands().items():
        if command in HERE:
            continue
        place = entry(ELSEWHERE, command)
        assert place, f"{page} says `{command}`: put it into HERE or ELSEWHERE of {__file__}"
        file = ROOT / place[0]
        assert file.is_file() and place[1] in file.read_text("utf-8"), (
            f"{page} says `{command}`, which {place[0]} is to run: it has no {place[1]!r}"
        )


def test_make_knows_each_target_and_heeds_each_variable(reader):
    said = {}

    def dry(words):
        if words not in said:
            run = subprocess.run(
                ["make", "-n", *words], cwd=reader.folder, capture_output=True, text=True
            )
            assert run.returncode == 0, f"make {' '.join(words)}: {run.stderr}"
            said[words] = run.stdout
        return said[words]

    for command in commands():
        if command.startswith("make "):
            _, target, *variables = re.findall(r'(?:[^\s"]|"[^"]*")+', command)
            for variable in variables:
                variable = variable.replace('"', "")
                assert dry((target, variable)) != dry((target,)), f"{command}: {variable}"
            dry((target,))


def make(folder, *words):
    given = {"cwd": folder, "env": ENVIRONMENT, "capture_output": True, "text": True}
    run = subprocess.run(["make", *words], **given)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.parametrize(
    "target, flag",
    [
        ("demo", "TLS"),
        ("flash", "SOURCE"),
        ("flash", "ROMFS"),
        ("bench", "README"),
        ("soak", "SHORT"),
    ],
)
def test_a_flag_that_is_off_is_as_if_it_was_not_given(target, flag):
    without, given = make(ROOT, "-n", target), make(ROOT, "-n", target, f"{flag}=1")
    assert without != given
    for off in ("0", "no", "off", "false", ""):
        assert make(ROOT, "-n", target, f"{flag}={off}") == without
    assert make(ROOT, "-n", target, f"{flag}=yes") == given


def test_make_alone_lists_each_target_for_those_who_need_it():
    users, developers = make(ROOT).removeprefix("To use islog:").split("To change islog:")
    listed = re.findall(r"^  make (\S+) +\S", users + developers, re.M)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    assert sorted(listed) == sorted(targets - {"help", "interpreter"})
    for target in ("demo", "serve", "config", "ca", "flash", "watch", "unflash", "clean"):
        assert f"  make {target} " in users
    for target in ("test", "size", "bench", "soak", "test-board"):
        assert f"  make {target} " in developers


def test_the_commands_run_as_they_are_said(reader):
    wanted = [(command, how) for command, how in HERE.items() if command in commands()]
    with ThreadPoolExecutor(3) as pool:
        others = [pool.submit(reader.follow, *one) for one in wanted if not one[1].in_turn]
        for one in wanted:
            if one[1].in_turn:
                reader.follow(*one)
        for other in others:
            other.result()


# ---- programs


def test_the_programs_of_the_pages_run(reader, tmp_path):
    ran = 0
    with ExitStack() as boards:
        started = []
        for page in PAGES:
            for language, text in blocks(page):
                if language != "python":
                    continue
                ran += 1
                if "import islog" not in text:  # a program for the PC
                    exec(compile(text, page.name, "exec"), {})
                    continue
                text = text.replace("read_my_sensor()", "21.5")
                main = tmp_path / f"{page.stem}.py"
                main.write_text(text)
                name = f"program {len(started)}"
                wifi = [{"ssid": "home", "password": "a password"}]
                gathers_s = 3600 if page.stem == "battery" else 0
                config = reader.config(bucket_name=name, wifi=wifi, upload_interval=gathers_s)
                board = boards.enter_context(simulator.Board(config=config, main=main))
                started.append((name, board))
        for name, board in started:
            deadline = time.monotonic() + SECONDS
            while not any(r["bucket_name"] == name for r in reader.server.readings()):
                assert board.returncode in (None, 0), "\n".join(board.lines)
                assert time.monotonic() < deadline, "\n".join(board.lines)
                time.sleep(0.05)
            board.wait(0.5)
            if board.running:
                board.finish()
            assert board.returncode == 0, "\n".join(board.lines)
    assert ran >= 3


# ---- sentences

EXPLAINED = ROOT / "docs/troubleshooting.md"


def sentences():
    """{template: where}: every text in the firmware that has two words or more, docstrings and
    lists of names (what is split()) apart, and those for a machine."""
    found = {}
    for path in sorted(FIRMWARE.glob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        passed_over = set()
        names = {
            node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and node.attr == "split"
            and isinstance(node.value, (ast.Name, ast.Attribute))
        }
        for node in ast.walk(tree):  # what is yielded beside what has these names
            if isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple):
                names |= {part.id for part in node.value.elts if isinstance(part, ast.Name)}
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
                passed_over.add(id(body[0].value))
            if isinstance(node, ast.Attribute) and node.attr == "split":
                passed_over.add(id(node.value))
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) in names:
                passed_over.add(id(node.value))
        for node in ast.walk(tree):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            words = re.findall(r"[A-Za-z]{2,}|\ba\b", re.sub(r"%[a-z]", " ", node.value))
            spoken = len(words) > 1 and " " in node.value and "\n" not in node.value
            if spoken and id(node) not in passed_over:
                found[node.value] = f"{path.relative_to(ROOT)}:{node.lineno}"
    return found


def pattern(template):
    """What a template can become."""
    parts = re.split(r"%[-0-9.]*[a-z]", template)
    return re.compile(".+".join(map(re.escape, parts)))


def test_every_sentence_of_the_firmware_is_explained():
    explained = spans(EXPLAINED)
    missing = {
        where: template
        for template, where in sentences().items()
        if not any(pattern(template).search(span) for span in explained)
    }
    lines = "".join(f"\n{where}: {template!r}" for where, template in missing.items())
    assert not missing, f"docs/troubleshooting.md needs a line (as said, in backticks) for{lines}"


def test_no_sentence_is_explained_that_the_firmware_cannot_say():
    patterns = [pattern(template) for template in sentences()]
    text = EXPLAINED.read_text("utf-8")
    for table in re.findall(r"^\| sentence .*\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.M):
        for line in table.splitlines():
            said = re.match(r"\| `([^`]+)` \|", line)
            assert said, f"a line without a sentence in backticks: {line}"
            assert any(p.search(said[1]) for p in patterns), f"nothing says {said[1]!r} any more"


def test_the_table_of_wifi_has_every_reason_that_a_port_has_and_no_other():
    """Any sentence `Wi-Fi home: ...` is one that wifi.py can say: so those are looked at here."""
    explain = firmware("explain")
    reasons = [words for _, words in explain._JOINING] + list(explain._ESP32.values())
    explained = spans(EXPLAINED)
    for words in reasons:
        assert f"Wi-Fi home: {words}" in explained
    own = [
        pattern(template)
        for template, where in sentences().items()
        if "/wifi.py:" in where or "/explain.py:" in where
    ]
    told = [span[len("Wi-Fi home: ") :] for span in explained if span.startswith("Wi-Fi home: ")]
    assert len(told) == len(set(told)) >= len(set(reasons))
    for words in told:
        said = words, "Wi-Fi home: " + words
        assert any(p.fullmatch(text) for p in own for text in said), f"nothing says {words!r}"

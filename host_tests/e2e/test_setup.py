"""What `make` does before all else: .venv with a user's packages, and with the tests' where asked.

In a checkout of nothing but set-up, whose packages are made here and found without a network.
"""

import hashlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest

from tools.server import LocalServer

ROOT = Path(__file__).parents[2]
COMPILED = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")
QUICK_VENV = """
import shutil, sys
option, folder = sys.argv[1:]
assert option == "--clear"
shutil.rmtree(folder, ignore_errors=True)
bare = shutil.ignore_patterns("served*", "pins*")
shutil.copytree({made!r}, folder, symlinks=True, ignore=bare)
"""


class Checkout:
    def __init__(self, folder):
        self.folder = folder
        self.wheels = folder / "wheels"
        self.wheels.mkdir()
        (folder / "tools").mkdir()
        for name in ("setup_env", "make_env.py"):
            shutil.copy(ROOT / "tools" / name, folder / "tools")
        self.pin("requirements.txt", "served", 1)
        self.pin("requirements-tests.txt", "tested", 1)
        # What Python compiles stays in .venv, and is there in a copy as well.
        kept = {k: v for k, v in os.environ.items() if k not in COMPILED}
        self.environment = {
            **kept,
            "PYTHON": sys.executable,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
        }

    def pin(self, file, name, version):
        """Ask for a package, and have it: a wheel with one module, which knows its version."""
        (self.folder / "tools" / file).write_text(f"{name}=={version}\n")
        info = f"{name}-{version}.dist-info"
        with zipfile.ZipFile(self.wheels / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}.py", f"VERSION = {version}\n")
            wheel.writestr(
                f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            )
            tag = "Root-Is-Purelib: true\nTag: py3-none-any\n"
            wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nGenerator: here\n{tag}")
            wheel.writestr(f"{info}/RECORD", "")

    def start(self, *arguments, file_limit=None, waits=False, **environment):
        """Start it. waits: pip does for ever, at its first step, for a file that never comes."""
        if waits:
            pipe = self.folder / "pipe"
            if not pipe.exists():
                os.mkfifo(pipe)
            environment["PIP_CONFIG_FILE"] = str(pipe)

        def limit():  # a disk on which no file can be larger, in bytes
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))

        return subprocess.Popen(
            [self.folder / "tools/setup_env", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=limit if file_limit else None,
            env={**self.environment, **environment},
        )

    def make_quickly(self, made):
        """From now on, what `python -m venv` makes is a copy of what it has made once."""
        (self.folder / "quick").mkdir()
        (self.folder / "quick/venv.py").write_text(QUICK_VENV.format(made=str(made)))
        self.environment["PYTHONPATH"] = str(self.folder / "quick")

    def set_up(self, *arguments, **options):
        """(exit status, what it says) of one run."""
        run = self.start(*arguments, **options)
        said = run.communicate(timeout=300)[0]
        return run.returncode, said

    def has(self):
        """The packages in .venv, with their versions."""
        found = self.folder.glob(".venv/lib/python3*/site-packages/*ed.py")
        return sorted(path.read_text().replace("VERSION", path.stem) for path in found)

    def runs(self):
        command = [self.folder / ".venv/bin/python", "-c", "import served"]
        return subprocess.run(command).returncode == 0


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)


@pytest.fixture(scope="module")
def made_once(tmp_path_factory):
    """Made by two runs at once, of which one waits for the other."""
    made = Checkout(tmp_path_factory.mktemp("made"))
    runs = [made.start(), made.start()]
    said = [run.communicate(timeout=300)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert sum(text.count("Making .venv") for text in said) == 1, said
    return made


@pytest.fixture
def made(checkout, made_once):
    """A checkout that has a user's packages."""
    shutil.copytree(made_once.folder / ".venv", checkout.folder / ".venv", symlinks=True)
    return checkout


def cut(run, line, sent):
    """Send a signal to the run once it has said the line; (exit status, what it says then). It is
    not over by then: it says the line before pip comes, which waits (see start)."""
    while not run.stdout.readline().startswith(line):
        assert run.poll() is None
    os.killpg(run.pid, sent)
    said = run.communicate(timeout=300)[0]
    return run.returncode, said


def test_a_users_packages_come_first_and_the_tests_are_added(made):
    assert made.has() == ["served = 1\n"] and made.runs()
    assert made.set_up() == (0, "")

    status, said = made.set_up("tests")
    assert status == 0 and "requirements-tests.txt" in said and "Making" not in said
    assert made.has() == ["served = 1\n", "tested = 1\n"]
    assert made.set_up("tests") == made.set_up() == (0, "")

    made.pin("requirements-tests.txt", "tested", 2)
    assert made.set_up() == (0, "")  # a user has what a user needs
    assert made.set_up("tests")[0] == 0
    assert made.has() == ["served = 1\n", "tested = 2\n"]


def test_without_a_network_a_user_keeps_what_is_there(made):
    nowhere = {"PIP_FIND_LINKS": str(made.folder)}
    status, said = made.set_up("tests", **nowhere)
    assert status == 1 and said.splitlines()[-1] == (
        "pip could not download the packages of tools/requirements-tests.txt (see above):"
        " check the network and the room on the disk, and try again."
    )
    assert made.set_up(**nowhere) == (0, "") and made.runs()


def test_other_pins_make_it_anew_however_often_that_is_cut_short(made):
    made.pin("requirements.txt", "served", 2)
    status, said = made.set_up(PIP_FIND_LINKS=str(made.folder))
    assert status == 1 and said.splitlines()[-1] == (
        "pip could not install the packages of tools/requirements.txt (see above):"
        " check the network and the room on the disk, and try again."
    )
    status, said = made.set_up(file_limit=100_000)
    assert status == 1 and said.splitlines()[-1] == (
        "Python could not make .venv here (see above)."
    )
    cut(made.start(waits=True), "Making", signal.SIGKILL)
    status, said = cut(made.start(waits=True), "Making", signal.SIGINT)
    assert (status, said.splitlines()[-1]) == (1, "Stopped; run it again to go on.")
    assert made.set_up()[0] == 0
    assert made.has() == ["served = 2\n"] and made.runs()


def test_a_download_of_the_tests_packages_that_was_cut_short_is_done_again(made):
    status, said = cut(made.start("tests", waits=True), "Adding", signal.SIGINT)
    assert (status, said.splitlines()[-1]) == (1, "Stopped; run it again to go on.")
    assert made.set_up() == (0, "") and made.runs()
    cut(made.start("tests", waits=True), "Adding", signal.SIGKILL)
    assert made.set_up() == (0, "") and made.runs()
    assert made.set_up("tests")[0] == 0
    assert made.has() == ["served = 1\n", "tested = 1\n"]
    assert not (made.folder / ".cache/wheels").exists()


def test_an_installation_of_the_tests_packages_that_was_cut_short_is_done_again(made, made_once):
    made.make_quickly(made_once.folder / ".venv")
    cut(made.start("tests"), "  Installing", signal.SIGKILL)
    assert made.set_up("tests")[0] == 0
    assert made.has() == ["served = 1\n", "tested = 1\n"] and made.runs()


def test_a_python_that_will_not_do_is_told_in_one_sentence(checkout):
    status, said = checkout.set_up(PYTHON="/bin/false")
    assert status == 1 and said == (
        "islog's tools need Python 3.10 or later, and /bin/false is not:"
        " install one, or name it with PYTHON=.\n"
    )
    (checkout.folder / "sitecustomize.py").write_text("import sys\nsys.modules['venv'] = None\n")
    status, said = checkout.set_up(PYTHONPATH=str(checkout.folder))
    assert status == 1 and said == (
        "This Python has no venv: install it (on Debian and Ubuntu: apt install python3-venv).\n"
    )
    assert not (checkout.folder / ".venv").exists()


def test_the_charts_library_is_what_its_author_published():
    """The package that it comes in is another's: these are the sums of npm's uplot 1.6.31."""
    sums = {
        "/lib/uplot.js": "2d27e8ad3d228164525ce213f9dc716f39b4e3aee0cc773fb3491c96cf4921a2",
        "/lib/uplot.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    }
    with LocalServer(key="k") as server:
        for path, wanted in sums.items():
            with urllib.request.urlopen(server.url + path) as answer:
                assert hashlib.sha256(answer.read()).hexdigest() == wanted, path

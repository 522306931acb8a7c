"""A file of the user's own has the name of a module that islog needs: told by its name."""

import pytest

from .rig import KEPT

# Stands for micropython-lib's urequests of before 2022: no `timeout`, no `parse_headers`.
OLD_REQUESTS = """
def request(method, url, data=None, json=None, headers={}, stream=None):
    raise SystemExit("never reached")
"""


def put(rig, name, content):
    path = rig.flash / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


@pytest.mark.parametrize("name", ["requests.py", "requests/__init__.py"])
def test_an_old_requests_is_told_once_and_by_its_name(rig, name):
    put(rig, name, OLD_REQUESTS)
    with rig.board_with("steady"):
        rig.until_said(f"{name} (TypeError)")
        rig.until(lambda: len(rig.notes()) > 60, "it goes on")
        assert not rig.has_said("perhaps accepted")
        assert sum("TypeError" in sentence for sentence in rig.sentences()) == 1
        rig.stop("1")
        # That is no reason to leave the air.
        assert rig.sentences().count("islog: Wi-Fi is up") == 1
    assert rig.board.status["sent"] == rig.board.status["dropped"] == 0
    assert not rig.server.readings()


@pytest.mark.parametrize(
    "content", ["import nothing_of_that_name\n", "def request(:\n", "a = 1\n"]
)
def test_where_no_requests_can_be_loaded_the_program_is_told_what_needs_none(rig, content):
    put(rig, "requests.py", content)
    with rig.board_with("steady"):
        assert rig.board.wait(60) and rig.board.returncode == 1
    (line,) = [line for line in rig.board.lines if line.startswith("ConfigError: ")]
    assert "transport needs requests" in line and '"transport": "kept"' in line


@pytest.mark.parametrize("way", [KEPT])
def test_kept_needs_no_requests(rig):
    put(rig, "requests.py", "import nothing_of_that_name\n")
    with rig.board_with("steady"):
        rig.until(lambda: len(rig.server.readings()) > 10, "readings arrive")
        rig.stop()
    rig.check_books()


@pytest.mark.parametrize("name", ["socket.py", "lib/socket.py"])
def test_a_file_that_hides_a_module_is_told_by_its_name(rig, name):
    put(rig, name, "def help_with_sockets():\n    pass\n")
    shown = name if "/" not in name else f"/{name}"
    with rig.board_with("steady"):
        says = f"{shown} hides MicroPython's own socket: give that file another name"
        rig.until_said(says)
        rig.until(lambda: len(rig.notes()) > 60, "it goes on")
        rig.board.kill()


def test_a_file_that_hides_what_islog_cannot_be_loaded_without(rig):
    put(rig, "array.py", "rows = []\n")
    with rig.board_with("steady"):
        assert rig.board.wait(60) and rig.board.returncode == 1
    says = "ImportError: array.py hides MicroPython's own array: give that file another name"
    assert says in rig.board.lines


def test_a_json_of_the_users_own_is_not_needed(rig):
    put(rig, "json.py", "dump = dumps = lambda *_: ''\n")
    with rig.board_with("steady"):
        rig.until(lambda: "version" in rig.console(), "its config.json is read")
        rig.board.kill()

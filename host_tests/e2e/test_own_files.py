"""A file of the user's own has the name of a module that islog needs: told by its name."""

import pytest

from .rig import KEPT

# Stands for micropython-lib's urequests of before 2022: no `timeout`, no `parse_headers`.
OLD_REQUESTS = """
def request(method, url, data=None, json=None, headers={}, stream=None):
    raise SystemExit("never reached")
"""


def put(desk, name, content):
    path = desk.flash / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


@pytest.mark.parametrize("name", ["requests.py", "requests/__init__.py"])
def test_an_old_requests_is_told_once_and_by_its_name(desk, name):
    put(desk, name, OLD_REQUESTS)
    with desk.board_with("steady"):
        desk.until(lambda: any(f"{name} (TypeError)" in s for s in desk.told()), "it is told")
        desk.until(lambda: len(desk.notes()) > 60, "it goes on")
        assert not any("perhaps accepted" in sentence for sentence in desk.told())
        assert sum("TypeError" in sentence for sentence in desk.told()) == 1
        desk.end()
        assert desk.told().count("islog: Wi-Fi is up") == 1  # that is no reason to leave the air
    assert desk.board.status["sent"] == desk.board.status["dropped"] == 0
    assert not desk.server.readings()


@pytest.mark.parametrize(
    "content", ["import nothing_of_that_name\n", "def request(:\n", "a = 1\n"]
)
def test_where_no_requests_can_be_loaded_the_program_is_told_what_needs_none(desk, content):
    put(desk, "requests.py", content)
    with desk.board_with("steady"):
        assert desk.board.wait(60) and desk.board.returncode == 1
    (line,) = [line for line in desk.board.lines if line.startswith("ConfigError: ")]
    assert "transport needs requests" in line and '"transport": "kept"' in line


@pytest.mark.parametrize("way", [KEPT])
def test_kept_needs_no_requests(desk):
    put(desk, "requests.py", "import nothing_of_that_name\n")
    with desk.board_with("steady"):
        desk.until(lambda: len(desk.server.readings()) > 10, "readings arrive")
        desk.end()
    desk.check_books()


@pytest.mark.parametrize("name", ["socket.py", "lib/socket.py"])
def test_a_file_that_hides_a_module_is_told_by_its_name(desk, name):
    put(desk, name, "def help_with_sockets():\n    pass\n")
    shown = name if "/" not in name else f"/{name}"
    with desk.board_with("steady"):
        says = f"{shown} hides MicroPython's own socket: give that file another name"
        desk.until(lambda: any(says in sentence for sentence in desk.told()), "it is told")
        desk.until(lambda: len(desk.notes()) > 60, "it goes on")
        desk.board.kill()


def test_a_file_that_hides_what_islog_cannot_be_loaded_without(desk):
    put(desk, "array.py", "rows = []\n")
    with desk.board_with("steady"):
        assert desk.board.wait(60) and desk.board.returncode == 1
    says = "ImportError: array.py hides MicroPython's own array: give that file another name"
    assert says in desk.board.lines


def test_a_json_of_the_users_own_is_not_needed(desk):
    put(desk, "json.py", "dump = dumps = lambda *_: ''\n")
    with desk.board_with("steady"):
        desk.until(lambda: "version" in desk.console(), "its config.json is read")
        desk.board.kill()

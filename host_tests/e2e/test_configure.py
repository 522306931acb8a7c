"""`make config` at a terminal and in scripts: a board takes what it writes, and nobody else sees
the key. And docs/settings.md says what the rules say."""

import errno
import io
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest
from click.testing import CliRunner

from tools import interpreter
from tools import settings as rules
from tools.configure import main
from tools.interpreter import ROOT
from tools.server import LocalServer
from tools.server.settings import network_address, write_board_config

from .rig import KEY
from .test_tools import simulate

PASSWORD = "pass word ß"
SLIPS = 240
GOOD = {"client_key": KEY, "bucket_name": "greenhouse"}
HOME = {"ssid": "home", "password": PASSWORD}


class Terminal:
    """`make config` at a real terminal, and who answers its questions there."""

    def __init__(self, file, *arguments):
        self._log = io.StringIO()
        command = ["-m", "tools.configure", "--file", str(file), *map(str, arguments)]
        self._child = pexpect.spawn(
            sys.executable, command, cwd=ROOT, encoding="utf-8", timeout=120, dimensions=(50, 250)
        )
        self._child.delaybeforesend = None
        self._child.logfile_read = self._log

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._child.close(force=True)

    def shows(self, text):
        self._child.expect_exact(text)

    def answer(self, question, text=""):
        """Answer the question, whose beginning is given, once it has been asked to its end: what
        is typed before that may be lost, as at any terminal."""
        self._child.expect_exact(question)
        self._child.expect_exact(": ")
        self._child.sendline(text)

    def interrupt(self, question):
        self._child.expect_exact(question)
        self._child.expect_exact(": ")
        # As a person does: once more, where the first is lost between two reads of a line.
        for _ in range(10):
            self._child.sendintr()
            if self._child.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=5) == 0:
                return

    def interrupt_while_it_reads(self, pipe):
        with open(pipe, "w"):  # which waits for the one who reads
            self._child.sendintr()
            self._child.expect(pexpect.EOF)

    def ends(self, status=0):
        """It ends by itself, having shown no secret; returns all that was shown."""
        self._child.expect(pexpect.EOF)
        self._child.close()
        shown = self._log.getvalue()
        assert self._child.exitstatus == status, shown
        assert KEY not in shown and PASSWORD not in shown
        return shown


def run(*arguments):
    """The command without a terminal: (exit status, all that it says)."""
    done = CliRunner().invoke(main, [str(a) for a in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    assert KEY not in done.output and PASSWORD not in done.output
    return done.exit_code, done.output


def refusal(*arguments):
    """The one sentence that the command ends with."""
    status, sentence = run(*arguments)
    assert status == 1 and sentence.endswith(".\n") and sentence.count("\n") == 1, sentence
    return sentence


def given(settings):
    """The options that give these settings."""
    return [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]


def held(file):
    """What a file holds; only its owner can read it, and nothing else lies beside it."""
    assert file.stat().st_mode & 0o777 == 0o600
    assert not list(file.parent.glob(file.name + ".*"))
    return json.loads(file.read_text("utf-8"))


def put(file, settings):
    file.write_text(json.dumps(settings), "utf-8")
    file.chmod(0o644)
    return file


@pytest.fixture
def file(tmp_path):
    return tmp_path / "config.json"


def test_who_knows_nothing_gets_a_board_that_sends_to_the_local_server(file, tmp_path):
    folder = tmp_path / "local"
    folder.mkdir()
    with LocalServer(key=KEY, tls=folder, api="events") as server:
        with Terminal(file, "--folder", folder) as terminal:
            terminal.answer("Where to", "the moon")
            terminal.shows("'the moon' is not one of 'service', 'local'")
            terminal.answer("Where to", "local")
            terminal.shows("There is no local server yet")
            terminal.answer("Where to")
            terminal.interrupt("Client key")
            assert "Nothing was written." in terminal.ends(1)
        assert not file.exists()
        write_board_config(folder, server, server.address)  # as `make serve` does at start
        with Terminal(file, "--folder", folder) as terminal:
            terminal.answer("Where to", "local")
            terminal.answer(f"This machine's address on the network [{network_address()}]", "a/b")
            terminal.shows("An address is like")
            terminal.answer("This machine's address", "127.0.0.1")
            terminal.answer("Bucket, its name", "")
            terminal.shows("bucket_name must be a text that is not empty")
            terminal.answer("Bucket, its name", "x" * 201)
            terminal.shows("bucket_name must be at most 200")
            terminal.answer("Bucket, its name", "Gewächshaus 🌱")
            terminal.answer("Wi-Fi network, its name", "home")
            terminal.answer("Its password", "short")
            terminal.shows("must have a password of 8 to 64")
            terminal.answer("Wi-Fi network, its name [home]")
            terminal.answer("Its password", PASSWORD)
            terminal.answer("One more Wi-Fi network?", "y")
            terminal.answer("Wi-Fi network, its name", "café")
            terminal.answer("Its password", "")
            terminal.answer("Is café an open network, without a password? [y/N]", "")
            terminal.answer("Wi-Fi network, its name [café]")
            terminal.answer("Its password", "")
            terminal.answer("Is café an open network", "y")
            terminal.answer("One more Wi-Fi network?", "")
            assert "Nothing answers" not in terminal.ends()
        assert held(file)["wifi"] == [HOME, {"ssid": "café", "password": ""}]
        assert held(file)["ca_file"] == "ca.der"
        board = simulate("--board", "rp2", "--config", file, "--seconds", 3)
        assert board.returncode == 0, board.stdout
        assert server.accepted > 0 and server.handshakes == 1
        assert [bucket["name"] for bucket in server.buckets()] == ["Gewächshaus 🌱"]


def test_a_server_that_boards_do_not_reach_is_told_last_with_what_to_do(tmp_path):
    folder = tmp_path / "local"
    folder.mkdir()
    file = tmp_path / "fleet" / "board 17.json"  # in a folder that is not there yet

    def ends_with():
        with Terminal(file, "--folder", folder) as terminal:
            terminal.answer("Where to", "local")
            terminal.answer("This machine's address", "127.0.0.2")
            terminal.answer("Bucket, its name", "greenhouse")
            if file.exists():
                terminal.answer("Keep the Wi-Fi network home? [Y/n]")
            else:
                terminal.answer("Wi-Fi network, its name", "home")
                terminal.answer("Its password", PASSWORD)
            terminal.answer("One more Wi-Fi network?")
            return terminal.ends().splitlines()[-3:]

    start = 'make serve ARGS="--host 0.0.0.0"'
    with LocalServer(key=KEY) as server:  # which listens at 127.0.0.1 alone
        write_board_config(folder, server, server.address)
        sentence, written, further = ends_with()
    assert sentence.startswith("`make serve` listens on this machine only") and start in sentence
    assert written == f"{file} is written, readable by you only."
    assert further == f"Next: make flash CONFIG='{file}', which puts it on the board."
    assert held(file)["wifi"] == [HOME]
    sentence, *_ = ends_with()
    assert sentence.startswith("Nothing answers at 127.0.0.2:") and start in sentence


def test_each_of_two_servers_with_a_root_of_its_own_is_known_by_the_board(file, tmp_path):
    with LocalServer(key=KEY, tls=True) as one, LocalServer(key=KEY, tls=True) as other:
        urls = {"bucket_url": one.bucket_url, "ingest_url": other.ingest_url}
        put(file, {**GOOD, **urls, "ntp_hosts": [one.ntp_host], "wifi": [HOME], "timeout": 4})
        roots = tmp_path / "roots.pem"
        roots.write_bytes(b"".join(Path(s.ca_file).read_bytes() for s in (other, one)))
        with Terminal(file, "--from", roots) as terminal:
            terminal.answer("Where to (service, local, present) [present]")
            terminal.answer("Enter keeps the present key")
            terminal.answer("Bucket, its name [greenhouse]", "garden")
            terminal.answer("Keep the Wi-Fi network home? [Y/n]")
            terminal.answer("One more Wi-Fi network?")
            terminal.answer("Fetch the server's root certificate")
            assert terminal.ends().count("ca.der will hold the root certificate") == 2
        settings = held(file)
        assert settings["client_key"] == KEY and settings["timeout"] == 4
        ders = [Path(s.ca_der).read_bytes() for s in (one, other)]
        assert (tmp_path / settings["ca_file"]).read_bytes() == b"".join(ders)
        for count, kind in enumerate(("esp32", "rp2"), 2):
            board = simulate("--board", kind, "--config", file, "--seconds", 3)
            assert board.returncode == 0, board.stdout
            # One handshake was that of `make config`, and one each board's own.
            assert (one.handshakes, other.handshakes) == (count, count) and other.accepted > 0


def test_a_server_that_cannot_be_reached_leaves_the_board_without_its_root(file):
    with LocalServer(key=KEY, tls=True) as server:
        urls = {"bucket_url": server.bucket_url, "ingest_url": server.ingest_url}
    put(file, {**GOOD, **urls, "wifi": [HOME]})
    with Terminal(file) as terminal:
        for question in ("Where to", "Client key", "Bucket", "Keep", "One more", "Fetch"):
            terminal.answer(question)
        shown = terminal.ends()
    assert "cannot be talked to: Connection refused. Without it the board trusts any" in shown
    assert "transport is kept: over https" in shown
    assert held(file) == {**GOOD, **urls, "wifi": [HOME], "transport": "kept"}


def test_ctrl_c_at_any_question_or_moment_writes_nothing_and_says_so(file, tmp_path):
    with LocalServer(key=KEY, tls=True) as server:
        urls = {"bucket_url": server.bucket_url, "ingest_url": server.ingest_url}
        before = put(file, {**GOOD, **urls, "wifi": [HOME]}).read_bytes()
        more = "One more Wi-Fi network?"
        asked = [("Where to", ""), ("Client key", ""), ("Bucket", ""), ("Keep", ""), (more, "y"),
                 ("Wi-Fi network, its name", "garden"), ("Its password", ""),
                 ("Is garden an open network", "y"), (more, ""),
                 ("Fetch the server's root", "")]  # fmt: skip
        for count, (question, _) in enumerate(asked):
            with Terminal(file) as terminal:
                for answered in asked[:count]:
                    terminal.answer(*answered)
                terminal.interrupt(question)
                assert terminal.ends(1).splitlines()[-1] == "Nothing was written.", question
            assert file.read_bytes() == before
    # With --set-json nothing is asked; this file never comes to its end.
    os.mkfifo(tmp_path / "pipe")
    with Terminal(file, "--set-json", tmp_path / "pipe") as terminal:
        terminal.interrupt_while_it_reads(tmp_path / "pipe")
        assert terminal.ends(1).splitlines()[-1] == "Nothing was written."
    assert file.read_bytes() == before


def test_ctrl_c_while_a_command_is_still_being_loaded_shows_no_traceback(tmp_path):
    for package, command, said in (
        ("click", "tools.configure", "Nothing was written."),
        ("rich", "tools.demo", "Stopped."),
    ):
        (tmp_path / f"{package}.py").write_text("raise KeyboardInterrupt\n")
        done = subprocess.run(
            [sys.executable, "-m", command],
            cwd=ROOT,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
        )
        assert done.returncode and done.stdout + done.stderr == f"\n{said}\n"


def test_lists_and_networks_come_from_a_file_whose_quotes_no_shell_takes(file, tmp_path):
    put(file, {**GOOD, "timeout": 9, "quiet": True})
    more = tmp_path / "more.json"
    more.write_text(json.dumps({"wifi": [HOME], "quiet": None, "ntp_hosts": ["a", "b"]}), "utf-8")
    status, said = run("--file", file, "--set-json", more, "--set", "timeout=5")
    assert status == 0, said
    assert held(file) == {**GOOD, "timeout": 5, "wifi": [HOME], "ntp_hosts": ["a", "b"]}
    before = file.read_bytes()
    taken = refusal("--file", file, "--set", "wifi=[{ssid: home, password: }]")
    assert "the shell has taken its quotes" in taken and "--set-json" in taken
    cut = refusal("--file", file, "--set", "wifi=[{ssid:", "home,", "password:", PASSWORD, "}]")
    assert "the shell has taken quotes" in cut and "--set-json" in cut
    assert "There is no file none." in refusal("--file", file, "--set-json", "none")
    more.write_text("{'wifi': []}")
    assert "line 1, column 2 has single quotes" in refusal("--file", file, "--set-json", more)
    more.write_text('{"timeout": 0}')
    assert "timeout must be a whole" in refusal("--file", file, "--set-json", more)
    assert file.read_bytes() == before
    run("--file", file, "--set", "bucket_name=[lab] 2")  # a text that looks like a list
    assert held(file)["bucket_name"] == "[lab] 2"


def test_a_file_with_an_examples_network_is_told_from_a_real_one(file):
    example = json.loads((ROOT / "config.example.json").read_text("utf-8"))
    ssid, password = example["wifi"][0]["ssid"], example["wifi"][0]["password"]
    sentence = "It still has an example's {}: `make config` asks for yours."
    half_done = {"ssid": ssid, "password": PASSWORD}, {**HOME, "password": password}
    for network in (*example["wifi"], *half_done):
        put(file, {**GOOD, "wifi": [HOME, network]})
        assert sentence.format("wifi") in run("--check", file)[1]
        assert sentence.format("wifi") in run("--file", file, "--set", "timeout=5")[1]
    put(file, {**GOOD, "wifi": [HOME], "client_key": "an-example"})
    assert "still" not in run("--check", file)[1]
    put(file, {**GOOD, "wifi": [HOME]})
    assert run("--check", file)[1] == f"{file} is good.\n"


def test_nothing_of_a_local_server_goes_to_the_service(file):
    urls = {"bucket_url": "https://10.0.0.9:8086/b", "ingest_url": "https://10.0.0.9:8086/i"}
    local = {**urls, "api": "events", "ntp_hosts": ["10.0.0.9:8123"], "ca_file": "ca.der"}
    example = json.loads((ROOT / "config.example.json").read_text("utf-8"))
    put(file, {**example, **local, "client_key": "local", "buffer_bytes": 4096})
    with Terminal(file) as terminal:
        terminal.shows("10.0.0.9:8086, as it is now")
        terminal.answer("Where to", "service")
        terminal.answer("Client key (not shown)", "with a blank")
        terminal.shows("client_key must be printable ASCII without blanks.")
        terminal.answer("Client key (not shown)", f" {KEY} ")
        terminal.answer("Bucket, its name [My first board]")
        terminal.answer("Wi-Fi network, its name", "home")  # the example's own is no network
        terminal.answer("Its password", PASSWORD)
        terminal.answer("One more")
        terminal.answer("Fetch the server's root certificate", "n")
        terminal.ends()
    kept = {"bucket_name": "My first board", "buffer_bytes": 4096}
    assert held(file) == {"client_key": KEY, "wifi": [HOME], "transport": "kept", **kept}


def test_a_script_makes_the_files_of_many_boards(file):
    put(file, {**GOOD, "quiet": None, "timeout": 9})
    file.chmod(0o644)
    own = {"bucket_name": 2024, "timeout": "null", "batch_bytes": 1024, "wifi": json.dumps([HOME])}
    status, said = run("--file", file, *given(own))
    assert status == 0, said
    changed = {"bucket_name": "2024", "batch_bytes": 1024, "wifi": [HOME]}
    assert held(file) == {"client_key": KEY, **changed}
    run("--file", file, "--set", "bucket_name=Gewächshaus 🌱")
    program = f"from islog import config; print(config.load({str(file)!r})['bucket_name'])"
    device = interpreter.run("-c", program)
    assert device.stdout == "Gewächshaus 🌱\n", device.stderr


def test_a_script_is_told_what_is_missing_and_never_asked(file):
    both = "Missing: client_key and bucket_name. Use --set NAME=VALUE, or a terminal to be asked."
    assert both in refusal("--file", file)
    assert "Missing: bucket_name." in refusal("--file", file, "--set", f"client_key={KEY}")
    assert not file.exists()


@pytest.mark.parametrize(
    "assignment, sentence",
    [
        ("timeout", "--set needs NAME=VALUE"),
        ("=5", "--set needs NAME=VALUE"),
        ("timeout=0", "timeout must be a whole number from 1 to 300 seconds"),
        ("timeout=NaN", "timeout must be a whole number from 1 to 300 seconds"),
        ("quiet=yes", "quiet must be true or false"),
        (f"client_key={KEY} {KEY}", "client_key must be printable ASCII without blanks"),
        ("bucket_name=\udcff", "bucket_name must be text that UTF-8 can hold"),
        ("wifi=" + '[{"ssid": "\\ud83d", "password": ""}]', "wifi must be text that UTF-8 can"),
        ("wifi=home", 'wifi must be a list such as [{"ssid": "home"'),
        ("bucket_id=mine", "bucket_id must be a guid"),
        ("ntp_hosts=" + "[" * 100_000, "the shell has taken its quotes"),
        ("flush_intervall=5", "'flush_intervall' in this version (did you mean flush_interval?)"),
        ("wlan=5", "There is no setting 'wlan' in this version: see docs/settings.md, or"),
    ],
)
def test_a_wrong_setting_is_refused_with_a_sentence_and_the_file_stays(file, assignment, sentence):
    before = put(file, GOOD).read_bytes()
    assert sentence in refusal("--file", file, "--set", assignment)
    assert file.read_bytes() == before


def test_a_file_of_another_version_is_refused_and_can_be_mended(file):
    put(file, {**GOOD, "retry_s": 5})
    assert "There is no setting 'retry_s'" in refusal("--check", file)
    assert "take it out with --set retry_s=null." in refusal("--file", file, "--set", "timeout=5")
    with Terminal(file) as terminal:
        assert "There is no setting 'retry_s'" in terminal.ends(1)
    assert run("--file", file, "--set", "retry_s=null")[0] == 0
    assert held(file) == GOOD
    with Terminal(put(file, {**GOOD, "timeout": 0})) as terminal:
        assert f"{file}: timeout must be a whole number" in terminal.ends(1)


def test_a_file_is_checked_as_the_board_does(file):
    assert run("--check", put(file, {**GOOD, "wifi": None})) == (0, f"{file} is good.\n")
    assert "quiet must be true or false" in refusal("--check", put(file, {**GOOD, "quiet": None}))
    together = {**GOOD, "ca_file": "ca.der", "transport": "requests"}
    assert "transport must be kept where ca_file is set" in refusal("--check", put(file, together))
    assert "client_key is missing" in refusal("--check", put(file, {"bucket_name": "b"}))
    assert "must be a JSON object" in refusal("--check", put(file, []))
    assert "There is no file" in refusal("--check", file.with_name("other.json"))
    for broken, why in (
        (b"{'client_key': 1}", "is not JSON: line 1, column 2 has single quotes"),
        (
            b"[" * 100_000,
            "is not JSON: line 1, column 100001 ends where a closing bracket is missing",
        ),
        (b'{"client_key":\n"\xff"}', "is not saved as UTF-8, see line 2, column 2"),
    ):
        file.write_bytes(broken)
        assert why in refusal("--check", file)
        assert why in refusal("--file", file, "--set", "timeout=5")
        assert file.read_bytes() == broken
    assert "client_key" in refusal(
        "--check", ROOT / "config.example.json"
    )  # it is yet to be put in


WRITTEN = b"""{
    "client_key": "%s",
    "bucket_name": "greenhouse",
    "wifi": [
        {"ssid": "home", "password": "its password", "bssid": "aa:bb:cc:dd:ee:ff"},
        {"ssid": "Caf\xc3\xa9 \xf0\x9f\x8c\xa1", "password": ""}
    ],
    "ingest_url": "http://192.168.1.5:8086/batch_logs",
    "timeout": 10,
    "quiet": true, "hostname": null
}
""" % KEY.encode()
TAKEN = "taken"

# What an editor, or a hand, makes of it: (from, to, what is said of it).
HANDS = [
    (b"{\n", b"\xef\xbb\xbf{\n", TAKEN),
    (b"\n", b"\r\n", TAKEN),
    (b"null\n}\n", b"null\n}" + bytes(100), TAKEN),
    (b"null\n", b"null,\n", TAKEN),
    (b'house",', b'house"', TAKEN),
    (b'""}', b'"",}', TAKEN),
    (b"    ],", b"    },", TAKEN),
    (b"greenhouse", rb"\ud83c\udf21", TAKEN),
    (b"greenhouse", rb"gr\u00fcn", TAKEN),
    (b'"timeout"', b'"timeout": 5, "timeout"', TAKEN),
    (WRITTEN, b"", "is empty"),
    (b"greenhouse", rb"\ud83c", "line 3, column 20 has half a character"),
    (b"greenhouse", rb"C:\data", "line 3, column 24 has a \\ that stands for nothing"),
    (b"{\n", b"{ // mine\n", "line 1, column 3 has a comment"),
    (b'"timeout"', b"/* in seconds */ 'timeout'", "line 9, column 5 has a comment"),
    (b'"home"', b"\xe2\x80\x9chome\xe2\x80\x9d", "line 5, column 18 has curly quotes"),
    (b'"home"', b"'home'", "line 5, column 18 has single quotes"),
    (b"home", b"h\xf6me", "is not saved as UTF-8, see line 5, column 20"),
    (b"true", b"True", "line 10, column 14 has a word that is Python's"),
    (b"10,", b",", "line 10, column 14 has a value where a name in double quotes should be"),
    (b"10,", b"ten,", "line 9, column 16 has something that is not in double quotes"),
    (b"    ],", b"    ,", "line 11, column 2 ends where a closing bracket is missing"),
    (b"null\n}\n", b"null\n}\n}\n", "line 12, column 1 has something behind the end"),
    (b'"aa:bb:cc:dd:ee:ff"', b'"aabbccddeeff"', "network home must have a bssid"),
    (b'"its password"', b"12345678", "for an open network), not a number"),
    (b'"its password"', b"null", "for an open network), not null"),
    (b'"its password"', b'"abcde"', "not 5 (WEP is not supported)"),
    (b'"its password", "b', b'"its password", "B', "not 'Bssid'"),
    (b'"password": ""', b'"pass": ""', " must have a password, a text in quotes"),
    (b"192.168.1.5", b"[fe80::1]", "IPv6 is not supported"),
    (b":8086", b":70000", "a number from 1 to 65535"),
    (b":8086", b":0", "a number from 1 to 65535"),
    (
        b"null",
        b'"a-name-that-is-much-too-long-for-it"',
        "hostname must be a text of 1 to 32 bytes",
    ),
    (b"null", b'"%s"' % ("\u00e9" * 17).encode(), "hostname must be a text of 1 to 32 bytes"),
]

ON_BOARD = """
from islog import config
for path in {paths!r}:
    try:
        settings = config.load(path)
        print("taken", settings["bucket_name"], settings["wifi"])
    except Exception as e:
        print(type(e).__name__, e)
"""


def on_board(files):
    """What a real MicroPython says of these files, a line for each."""
    program = files[0].parent / "program.py"
    paths = [str(file) for file in files]
    program.write_text(ON_BOARD.format(paths=paths))
    done = interpreter.run(program, heap="2m")
    said = done.stdout.splitlines()
    assert len(said) == len(files), done.stdout + done.stderr
    return said


def written(folder, contents):
    folder.mkdir(exist_ok=True)
    files = [folder / f"{i:04}.json" for i in range(len(contents))]
    for file, content in zip(files, contents, strict=True):
        file.write_bytes(content)
    return files


def test_whatever_hands_make_of_a_file_board_and_pc_say_the_same_of_it(tmp_path):
    assert all(old in WRITTEN for old, _, _ in HANDS)
    files = written(tmp_path, [WRITTEN.replace(old, new) for old, new, _ in HANDS])
    for file, board, (_, _, said) in zip(files, on_board(files), HANDS, strict=True):
        if said == TAKEN:
            assert board.startswith("taken ")
            status, shown = run("--check", file)
            assert status == 0 and f"{file} is good.\n" in shown
        else:
            assert said in board, board
            here = refusal("--check", file)
            assert str(file) in here  # of many, which
            assert here.removeprefix(f"{file}: ") == f"{board.removeprefix('ConfigError ')}.\n"


def test_a_name_that_is_there_twice_is_told(file):
    file.write_bytes(WRITTEN.replace(b'"timeout"', b'"timeout": 5, "timeout"'))
    _, said = run("--check", file)
    assert "timeout is in it more than once: the last one counts." in said


def test_any_slip_is_good_on_both_or_on_none(tmp_path):
    chance = random.Random(3)
    slips = b"\"'{}[],:/#\\\0\n\t \xe9\xed-.eunt"
    contents = []
    for i in range(SLIPS):
        content = bytearray(
            WRITTEN.replace(b"greenhouse", (b"green", rb"\ud83c\udf21 a\"")[i % 2])
        )
        at = chance.randrange(len(content))
        end = at + chance.choice((0, 1, 1, chance.randrange(40)))
        content[at:end] = bytes(chance.choices(slips, k=chance.choice((0, 1, 1, 2))))
        contents.append(bytes(content))
    files = written(tmp_path, contents)
    good = 0
    for file, board in zip(files, on_board(files), strict=True):
        try:
            settings = rules.config.load(str(file))
        except rules.config.ConfigError:
            assert board.startswith("ConfigError "), f"{board}\n{file.read_text()}"
        else:
            found = f"taken {settings['bucket_name']} "
            assert board.startswith(found), f"{board}\n{file.read_text()}"
            good += 1
    assert SLIPS / 12 < good < SLIPS * 11 / 12


def test_what_is_left_to_do_is_said(file, tmp_path):
    put(file, {**GOOD, "ca_file": "ca.der"})
    said = run("--file", file, "--set", "timeout=5")[1]
    assert "has no wifi" in said and "ca.der, is not there yet" in said and "git" not in said
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    assert "git does not ignore it" in run("--file", file, "--set", "timeout=5")[1]
    (tmp_path / ".gitignore").write_text("config.json\n")
    (tmp_path / "ca.der").touch()
    said = run("--file", file, "--set", "timeout=5", "--set", f"wifi={json.dumps([HOME])}")[1]
    assert said == f"{file} is written, readable by you only.\n"
    said = run("--file", file, "--set", 'ca_file=["ca.der", "certs/other.der"]')[1]
    assert "Its ca_file, certs/other.der, is not there yet" in said and "ca.der, is" not in said


def test_a_file_that_cannot_be_written_is_said_and_what_was_there_stays(file, monkeypatch):
    beneath = put(file, GOOD) / file.name
    assert "cannot be read: Not a directory" in refusal("--file", beneath, *given(GOOD))
    modes = []

    def full(new, path):
        modes.append(os.stat(new).st_mode & 0o777)
        raise OSError(errno.ENOSPC, "No space left on device")

    put(file, GOOD)
    mask = os.umask(0)  # what is private does not depend on it
    with monkeypatch.context() as context:
        context.setattr(os, "replace", full)
        sentence = refusal("--file", file, "--set", "timeout=5")
    assert "cannot be written: No space left on device" in sentence
    assert modes == [0o600] and list(file.parent.iterdir()) == [file]
    assert json.loads(file.read_text()) == GOOD
    assert run("--file", file, "--set", "timeout=5")[0] == 0
    os.umask(mask)
    assert held(file) == {**GOOD, "timeout": 5}


def test_every_setting_is_described_and_docs_settings_md_is_what_the_rules_say():
    command = [sys.executable, "-m", "tools.settings", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_rule_that_changes_changes_the_page(monkeypatch, capsys):
    whole = rules.config.whole
    monkeypatch.setattr(sys, "argv", ["settings", "--check"])
    monkeypatch.setitem(rules.RULES, "timeout", (8, whole, 7, 9))
    assert "| `timeout` | `8` | a whole number from 7 to 9 |" in rules.page()
    assert rules.main() == 1
    assert capsys.readouterr().err.startswith("docs/settings.md is stale: run ")
    monkeypatch.setitem(rules.RULES, "colour", (8, whole, 7, 9))
    monkeypatch.delitem(rules.RULES, "quiet")
    assert rules.main() == 1
    assert capsys.readouterr().err.splitlines() == [
        "colour is a setting: say once in THEMES of tools/settings.py what it does.",
        "quiet is no setting: take it out of tools/settings.py.",
    ]

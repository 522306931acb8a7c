"""`make config`: ask for what a board needs, check it as the board will, write config.json.

The rules are the firmware's own (tools/settings.py). Invariants: the client key and the passwords
of networks are never shown; a file is replaced whole or not at all, and at no moment readable by
others than its owner; what is in it and was not asked for stays.
"""

import codecs
import contextlib
import difflib
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

STOPPED = "\nNothing was written."
try:
    import click

    from . import ca
    from .settings import (
        ROOT,
        RULES,
        URLS,
        config,
        files,
        firmware,
        is_example,
        jsonfile,
        placeholders,
        refusal,
        required,
        urls_of,
    )
except ImportError:
    sys.exit("click or cryptography is not installed here: use `make config`.")
except KeyboardInterrupt:
    sys.exit(STOPPED)

CA_FILE = "ca.der"
ANSWER_S = 2
SERVE = 'make serve ARGS="--host 0.0.0.0"'


class Refusal(click.ClickException):
    """What is wrong and what to do, in one sentence."""

    def show(self, file=None):
        click.echo(self.message, err=True)


def wrong(name, value):
    """None, or the sentence for a value that the board would refuse."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
        end = refusal(name, value)
    except UnicodeEncodeError:
        end = "must be text that UTF-8 can hold"
    return f"{name} {end}." if end else None


def check(settings):
    """Refusal where a board would not start with these settings."""
    for name, value in settings.items():
        if name not in RULES:
            close = difflib.get_close_matches(name, RULES, 1)
            mean = f" (did you mean {close[0]}?)" if close else ""
            raise Refusal(
                f"There is no setting {name!r} in this version{mean}: see docs/settings.md, or"
                f" take it out with --set {name}=null."
            )
        if value is not None and (sentence := wrong(name, value)):
            raise Refusal(sentence)
    try:
        config.check(settings)
    except config.ConfigError as e:
        raise Refusal(f"{e}.") from None


def read(path):
    """The settings in a file, as a board reads them, None where there is no file; Refusal."""
    try:
        path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as e:
        raise Refusal(f"{path} cannot be read: {e.strerror}.") from None
    try:
        return jsonfile.read(str(path))
    except config.ConfigError as e:
        raise Refusal(f"{e}.") from None


def write(path, settings, root=None):
    """Write the file and, beside it, the root certificates for its ca_file; Refusal."""
    # MicroPython takes the two halves of an escaped character beyond U+FFFF for two characters.
    text = json.dumps(settings, indent=4, ensure_ascii=False) + "\n"
    path = Path(os.path.realpath(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if root:
            path.with_name(settings["ca_file"]).write_bytes(root)
        handle, new = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)  # mode 600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as f:
                f.write(text)
                f.flush()
                os.fsync(handle)
            os.replace(new, path)
        except BaseException:
            os.unlink(new)
            raise
    except OSError as e:
        raise Refusal(f"{path} cannot be written: {e.strerror}.") from None


def merge(settings, path):
    """Do what --set-json FILE says; Refusal."""
    found = read(path)
    if found is None:
        raise Refusal(f"There is no file {path}.")
    for name, value in found.items():
        put(settings, name, value)


def put(settings, name, value):
    settings[name] = value
    if value is None:
        del settings[name]


def assign(settings, assignment):
    """Do what --set NAME=VALUE says; Refusal, which does not repeat the value."""
    name, equals, text = assignment.partition("=")
    if not name or not equals:
        raise Refusal("--set needs NAME=VALUE, as in --set timeout=10.")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = text
    if name in RULES and value is not None and wrong(name, value) and not wrong(name, text):
        value = text  # a name or a key that looks like a number
    if name in RULES and value is text and text[:1] in ("[", "{") and wrong(name, value):
        raise Refusal(
            f"The value of {name} is not JSON, perhaps because the shell has taken its quotes:"
            " write it into a file, as --set-json wants it."
        )
    put(settings, name, value)


def ask(name, question, default=None, **how):
    """The answer to a question, asked until it is a value that the setting may have."""
    if default is None:  # click would ask again without a word where nothing is typed
        default, how["show_default"] = "", False
    how["default"] = default
    while True:
        value = click.prompt(question, **how).strip()
        sentence = wrong(name, value)
        if not sentence:
            return value
        click.echo(sentence)


def ask_server(settings, folder):
    """Where readings go: what the local server in `folder` says a board needs, None for others."""
    ways = {"service": "Initial State", "local": "`make serve` on this machine"}
    if any(name in settings for name in URLS):
        ways["present"] = urlsplit(urls_of(settings)[1]).netloc + ", as it is now"
    click.echo("Where readings can go:")
    for way, what in ways.items():
        click.echo(f"  {way:8} {what}")
    default = "present" if "present" in ways else "service"
    while True:
        way = click.prompt("Where to", type=click.Choice(ways), default=default)
        if way == "service" and "present" in ways:
            leave(settings)
        if way != "local":
            return None
        try:
            ready = read(folder / "config.json")
            check(ready or {})
            return ready
        except Refusal:
            click.echo(f"There is no local server yet. Start one in another window: {SERVE}")


def to_local(settings, ready):
    """Send the readings to the local server, at an address that boards reach it by."""
    leave(settings)
    address = ask_address()
    for name in URLS:
        url = urlsplit(ready[name])
        settings[name] = url._replace(netloc=f"{address}:{url.port}").geturl()
    settings["ntp_hosts"] = [f"{address}:{ready['ntp_hosts'][0].rpartition(':')[2]}"]
    settings.update((name, ready[name]) for name in ("client_key", "api") if name in ready)


def answers(host, port):
    try:
        socket.create_connection((host, port), ANSWER_S).close()
        return True
    except OSError:
        return False


def before_the_board(settings):
    """What is to be done so that boards reach the local server; None where they do."""
    url = urlsplit(settings["ingest_url"])
    if answers(url.hostname, url.port):
        return None
    if answers("127.0.0.1", url.port):
        return f"`make serve` listens on this machine only. End it, and start it so: {SERVE}"
    return f"Nothing answers at {url.netloc} now. Before the board starts: {SERVE}"


def ask_address():
    from .server.settings import network_address  # takes a second: it brings in the whole server

    while True:
        address = click.prompt("This machine's address on the network", network_address()).strip()
        if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", address):
            return address
        click.echo("An address is like 192.168.1.20, or a name.")


def leave(settings):
    """Forget what belongs to the server that readings went to."""
    hosts = {urlsplit(settings.pop(name, "")).hostname for name in URLS}
    if any(host.partition(":")[0] in hosts for host in settings.get("ntp_hosts", ())):
        del settings["ntp_hosts"]
    for name in ("client_key", "ca_file", "api"):
        settings.pop(name, None)


def ask_key(settings):
    if "client_key" not in settings:
        return ask("client_key", "Client key (not shown)", hide_input=True)
    keep = {"default": "", "show_default": False, "hide_input": True}
    while True:
        key = click.prompt("Client key (not shown; Enter keeps the present key)", **keep).strip()
        sentence = key and wrong("client_key", key)
        if not sentence:
            return key or settings["client_key"]
        click.echo(sentence)


def ask_networks(present):
    """The list for `wifi`: those of the present networks that are kept, and new ones."""
    networks = [n for n in present if click.confirm(f"Keep the Wi-Fi network {n['ssid']}?", True)]
    ssid = None
    while ssid or not networks or click.confirm("One more Wi-Fi network?", False):
        ssid = click.prompt("Wi-Fi network, its name", ssid)
        question = "Its password (not shown; none for an open network)"
        password = click.prompt(question, "", hide_input=True, show_default=False)
        if not password and not click.confirm(
            f"Is {ssid} an open network, without a password?", False
        ):
            continue
        network = {"ssid": ssid, "password": password}
        sentence = wrong("wifi", [network])
        if sentence:
            click.echo(sentence)
        else:
            networks.append(network)
            ssid = None
    return networks


def ask_root(settings, local_root, file):
    """Find what the board can know its server by: returns the certificates and puts `ca_file` into
    the settings; without them, says why, and returns None."""
    urls = urls_of(settings)
    if "ca_file" in settings or not all(url.startswith("https:") for url in urls):
        return None
    question = "Fetch the server's root certificate, so that the board can check who it talks to?"
    if not local_root and not click.confirm(question, True):
        return None
    try:
        if local_root:
            roots = [ca.choose(path=local_root)]
        else:
            hosts = dict.fromkeys(urlsplit(url).netloc for url in urls)
            roots = list(dict.fromkeys(ca.choose(host, path=file) for host in hosts))
        check({**settings, "ca_file": CA_FILE})
    except (ca.CaError, Refusal) as e:
        click.echo(f"{e} Without it the board trusts any server; `make ca` can get it later.")
        return None
    settings["ca_file"] = CA_FILE
    for root in roots:
        click.echo(f"{CA_FILE} will hold the root certificate {ca.describe(root)}.")
    return ca.to_der(roots)


def usable(settings, path):
    """Take out what will be asked for anyway and is wrong; Refusal for what else is."""
    for name in {"client_key", "bucket_name", "wifi", "ca_file", *URLS} & set(settings):
        if wrong(name, settings[name]):
            del settings[name]
    try:
        check({"client_key": "asked", "bucket_name": "later", **settings})
    except Refusal as e:
        raise Refusal(f"{path}: {e.message}") from None


def interview(settings, folder, file):
    """Ask for everything that a beginner's board needs; returns the root certificates, or None."""
    click.echo("Enter takes what stands in [brackets]. Nothing is written before the end.")
    ready = ask_server(settings, folder)
    if ready:
        to_local(settings, ready)
    else:
        settings["client_key"] = ask_key(settings)
    present = settings.get("bucket_name")
    settings["bucket_name"] = ask("bucket_name", "Bucket, its name", default=present)
    present = settings.get("wifi", ())
    present = [network for network in present if not is_example(network)]
    settings["wifi"] = ask_networks(present)
    local_root = next((folder / name for name in files((ready or {}).get("ca_file"))), None)
    root = ask_root(settings, local_root, file)
    if "transport" not in settings and any(url.startswith("https:") for url in urls_of(settings)):
        settings["transport"] = "kept"
        click.echo(
            "transport is kept: over https the connection stays open, for to set it up anew for"
            " each batch would hold the board's program up for a second or more."
        )
    if ready and (sentence := before_the_board(settings)):
        click.echo(sentence)
    return root


def unfinished(settings):
    """A sentence for what is only an example's: `make flash` refuses it."""
    if left := placeholders(settings):
        yield f"It still has an example's {', '.join(left)}: `make config` asks for yours."


def notes(path, settings):
    """What is still to be done, or to be known, once the file is written."""
    yield from unfinished(settings)
    if "wifi" not in settings:
        yield "It has no wifi: the board's program has to join a network itself."
    for root in files(settings.get("ca_file")):
        if not (path.parent / root.lstrip("/")).is_file():
            yield f"Its ca_file, {root}, is not there yet: see make ca."
    with contextlib.suppress(OSError):
        ask_git = ["git", "-C", path.parent, "check-ignore", "-q", path.name]
        if subprocess.run(ask_git, stderr=subprocess.DEVNULL).returncode == 1:
            yield "It holds the client key, and git does not ignore it: do not commit it."


@click.command()
@click.option(
    "--set",
    "assignments",
    metavar="NAME=VALUE",
    multiple=True,
    help="Change this, and ask nothing. VALUE is JSON, or a text; null takes NAME out.",
)
@click.option(
    "--set-json",
    "merged",
    metavar="FILE",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Likewise, for all settings in FILE: for lists and networks, whose quotes a shell takes.",
)
@click.option(
    "-o",
    "--file",
    "path",
    type=click.Path(path_type=Path),
    default="config.json",
    show_default=True,
    help="The file to write; what it holds now is kept, or offered as an answer.",
)
@click.option(
    "--check",
    "checked",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Only say whether a board would take FILE.",
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=ROOT / "local",
    help="What --folder of the local server is, if anything.",
)
@click.option(
    "--from",
    "roots",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The root certificates to choose from, where the server's is not a public one.",
)
@click.argument("others", metavar="", nargs=-1)
def main(assignments, merged, path, checked, folder, roots, others):
    """Write config.json: ask for what a board needs, or change what --set says.

    docs/settings.md tells all settings.
    """
    if others:
        raise Refusal(
            "There is more than options, perhaps because the shell has taken quotes:"
            " docs/settings.md shows how a text with blanks is given; a list comes from a file,"
            " with --set-json."
        )
    present = read(checked or path)
    if checked:
        if present is None:
            raise Refusal(f"There is no file {checked}.")
        try:
            check(present)
        except Refusal as e:
            raise Refusal(f"{checked}: {e.message}") from None
        click.echo(f"{checked} is good.")
        content = checked.read_bytes().removeprefix(codecs.BOM_UTF8)
        _, twice = firmware("config_parser").parse(content)
        twice = [name for name in twice if name in RULES]
        for name in dict.fromkeys(twice):
            click.echo(f"{name} is in it more than once: the last one counts.")
        for note in unfinished(present):
            click.echo(note)
        return
    settings = {name: value for name, value in (present or {}).items() if value is not None}
    root = None
    asks = sys.stdin.isatty() and not (assignments or merged)
    if not asks:
        for file in merged:
            merge(settings, file)
        for assignment in assignments:
            assign(settings, assignment)
        missing = " and ".join(name for name in RULES if required(name) and name not in settings)
        if missing:
            raise Refusal(f"Missing: {missing}. Use --set NAME=VALUE, or a terminal to be asked.")
    else:
        usable(settings, path)
        root = interview(settings, folder, roots)
    check(settings)
    write(path, settings, root)
    click.echo(f"{path} is written, readable by you only.")
    for note in notes(path, settings):
        click.echo(note)
    if asks:
        own = path.absolute() == ROOT / "config.json"
        command = "make flash" if own else f"make flash CONFIG={shlex.quote(str(path))}"
        click.echo(f"Next: {command}, which puts it on the board.")


def run():
    try:
        main(prog_name="configure", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:  # Ctrl-C, at whatever question or moment
        sys.exit(STOPPED)


if __name__ == "__main__":
    run()

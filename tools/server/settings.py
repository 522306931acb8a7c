"""What the server keeps for its owner in a folder of its own: the key, and settings for a board.

The folder holds a .gitignore that excludes all of it; both files hold the key and are readable by
their owner only.
"""

import json
import os
import secrets
import socket
from pathlib import Path

from . import lock

_ROOT = Path(__file__).resolve().parents[2]
DEFAULT_FOLDER = _ROOT / "local"
KEY_FILE = "client_key"
BOARD_FILE = "config.json"
DATABASE_FILE = "readings.db"
_LOCK_FILE = "lock"


class SettingsError(Exception):
    """A file cannot be used; the text says which and why in one sentence."""


def take_folder(folder):
    """Make the folder, ignored by git, and keep other servers out of it while this process lives;

    raises SettingsError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")
        lock.hold(folder / _LOCK_FILE)
    except OSError as e:
        raise SettingsError(f"The folder {folder} cannot be used: {e.strerror}.") from None
    except lock.InUse as e:
        raise SettingsError(
            f"The folder {folder} is in use by {e}: end that one, or choose another folder with"
            " --folder."
        ) from None


def client_key(folder):
    """The key kept in the folder, made on first use; raises SettingsError."""
    path = folder / KEY_FILE
    try:
        if not path.exists():
            _write_private(path, secrets.token_urlsafe(24) + "\n")
        path.chmod(0o600)
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeError) as e:
        raise SettingsError(f"The key file {path} cannot be used: {e}.") from None
    if not key:
        raise SettingsError(f"The key file {path} is empty: delete it and a new key will be made.")
    return key


def write_board_config(folder, server, address):
    """Write what a board that reaches `server` at `address` needs to know; returns the path.

    `make config` reads it. Its network is the example's: a board's own would be another."""
    config = {
        "client_key": server.key,
        "bucket_name": "my board",
        "bucket_url": server.bucket_url.replace(server.address, address, 1),
        "ingest_url": server.ingest_url.replace(server.address, address, 1),
        "ntp_hosts": [f"{address}:{server.ntp_port}"],
        "wifi": json.loads((_ROOT / "config.example.json").read_text("utf-8"))["wifi"],
    }
    if server.ca_der:
        config["ca_file"] = Path(server.ca_der).name
    if server.api != "batch_logs":
        config["api"] = server.api
    path = folder / BOARD_FILE
    try:
        _write_private(path, json.dumps(config, indent=2) + "\n")
    except OSError as e:
        raise SettingsError(f"The file {path} cannot be written: {e.strerror}.") from None
    return path


def network_address():
    """This machine's IPv4 address on its network, 127.0.0.1 where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))  # TEST-NET-1: picks the interface, sends nothing
        except OSError:
            return "127.0.0.1"
        return s.getsockname()[0]


def _write_private(path, text):
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as f:
        f.write(text)
    new.replace(path)

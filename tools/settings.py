"""The firmware's own rules of the settings, and docs/settings.md, which is made from them.

    python -m tools.settings --write     write docs/settings.md anew
    python -m tools.settings --check     say what is wrong with it; exit status 1 where it is stale

Names, defaults and what is allowed come from firmware/islog/config.py: what a rule says of wrong
values (WRONG) is what the table says of right ones. Here is only what a setting is for.
"""

import argparse
import functools
import importlib
import json
import sys
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIRMWARE = ROOT / "firmware/islog"
PAGE = ROOT / "docs/settings.md"


def firmware(module):
    """A leaf of the firmware that CPython can run, without what the package itself imports."""
    name = "islog_on_this_machine"
    if name not in sys.modules:
        package = types.ModuleType(name)
        package.__path__ = [str(FIRMWARE)]
        sys.modules[name] = package
    return importlib.import_module(f"{name}.{module}")


config = firmware("config")
jsonfile = firmware("config_file")
explain = firmware("explain")
RULES = config.RULES  # name: (default, check, the limits of that)
URLS = ("bucket_url", "ingest_url")

# theme: {setting: what it does}
THEMES = {
    "Required": {
        "client_key": "The key of your account, or of your own server. It is a secret.",
        "bucket_name": "The name under which the readings are shown.",
    },
    "Where the readings go": {
        "api": "Which of Initial State's two APIs is spoken: the older one, `batch_logs`, or the"
        " newer one, `events` ([api.md](api.md)).",
        "bucket_url": "The address at which a bucket is made.",
        "ingest_url": "The address to which readings are sent.",
        "bucket_id": "`batch_logs` wants a guid, `events` a text without a colon or a quote. The"
        " default stays the same after a reboot, so that the board goes on in the same bucket.",
        "batch_readings": "The most readings in one request.",
        "requests_per_s": "The most requests in one second.",
    },
    "Wi-Fi": {
        "wifi": "The networks, tried in this order. Each may also have `bssid` (one access point"
        " of several), `ifconfig` (a static address of the board) and `hidden`, which is only a"
        " note for those who read the file: an ESP32 and a Pico W ask for a network by its name,"
        " whether it is hidden or not. Without `wifi` your program joins a network itself. As a"
        " keyword of `Logger`, `wifi` is a `WiFi` object or a network interface.",
        "country": "The country's two letters. They decide which channels the radio may use.",
        "hostname": "The board's name on the network.",
        "wifi_power": "How much the radio may sleep: with `none` it answers fastest, with"
        " `powersave` a battery lasts longest.",
        "txpower": "How strongly the radio sends, where the port can set that.",
        "wifi_reset": "Whether a link that seems dead is joined anew, and the radio switched off"
        " and on. With false, the radio is left alone.",
    },
    "The connection": {
        "transport": "`kept`: one connection that stays open. `requests`: a new connection for"
        " each request, made by MicroPython's `requests`.",
        "ca_file": "A root certificate on the device, or a list of several. With it, the server"
        " has to prove its name. The file is DER, which every board reads, or PEM.",
        "timeout": "How long a whole POST may take (through `requests` the name look-up apart; and"
        " with TLS, see [limitations](limitations.md)).",
        "idle_close": "The kept connection is closed when it was not used for this long.",
        "backoff_max": "After a failed request islog waits for a random time, at least for as long"
        " as that took. Its upper limit doubles with each failure until it has reached this"
        " value.",
        "slow_retry": "How long islog waits before it tries a refused key or a wrong address"
        " again.",
    },
    "A board on a battery": {
        "upload_interval": "How long readings gather before they are sent together, with the radio"
        " off in between; 0: it is always on ([battery.md](battery.md)).",
        "rtc_memory": "Which part of an ESP32's RTC memory is islog's in deep sleep, where the"
        " program uses it, too: `[first byte, bytes]`.",
    },
    "The clock": {
        "ntp_hosts": "The hosts that are asked for the time, in turn.",
        "sync_interval": "How long after a sync NTP is asked again.",
        "max_clock_error": "Readings wait for the next sync where their time may be wrong by more"
        " than this.",
        "set_rtc": "Whether the first sync also sets the board's own clock, so that"
        " `time.time()` is right.",
    },
    "Memory": {
        "buffer_bytes": "All the memory that readings ever take. A number takes 16 bytes, a text"
        " its length and at most 15 more.",
        "batch_bytes": "The size of the one request buffer: a request is never larger.",
        "flush_interval": "How long a reading waits at most while the board is online.",
        "native": "Whether `log()` and JSON run as machine code, which takes 6 KB of heap (none"
        ' where islog is frozen into the firmware); `"auto"`: where 64 KB are free at the start.',
        "max_signals": "The most signal names. A reading under one more name is `rejected`.",
    },
    "Flash": {
        "spool_file": "Where readings go that memory cannot hold while nothing can be sent: into"
        " files with this name and a number ([spool.md](spool.md)).",
        "spool_bytes": "The most flash that these files take. Beyond that, the oldest readings"
        " are deleted first.",
    },
    "A board on its own": {
        "watchdog": "`poll()` feeds the board's watchdog, which resets a board that stands still"
        " for this long ([unattended.md](unattended.md)).",
        "restart_after": "The board restarts after this long without an answer from the server;"
        " the time doubles with each restart, up to a day ([unattended.md](unattended.md)).",
    },
    "What it tells": {
        "report_dropped": "After a loss, the next batch has the number of lost readings so far as"
        " a reading of the signal `islog.dropped`.",
        "quiet": "With true, nothing is printed to the serial console.",
    },
}
# What None, as a default, stands for where it is not "none".
UNSET = {
    "bucket_id": "made from the board's unique id and the bucket's name",
    "bucket_url": "Initial State's, for the chosen `api`",
    "ingest_url": "Initial State's, for the chosen `api`",
    "batch_readings": "no limit; with `events` 10",
    "requests_per_s": "no limit; with `events` 3",
    "transport": "`requests`; with `ca_file` or `watchdog` `kept`",
    "txpower": "the port's own",
    "rtc_memory": "all of it, where nothing else is there",
    "max_clock_error": "no limit",
}
# Wrong in some way for every rule, so that each of them tells what it allows.
WRONG = (
    object(),
    " ",
    "x" * 100_000,
    "http://",
    [":"],
    [{"ssid": "x" * 33, "password": ""}],
    [{"ssid": "x", "password": "x"}],
    *([{"ssid": "x", "password": "", name: "x"}] for name in ("bssid", "hidden", "ifconfig")),
)

HEAD = """# Settings

<!-- made by `python -m tools.settings --write`; what is changed here by hand is lost -->

A setting is an entry of `config.json`, which lies in the device's root, or a keyword of `Logger`.
Two settings are required, all others have a default. When the board starts, it refuses a wrong
setting with a sentence that says what is wrong. `make config` applies the same rules on your PC:

```
make config                              # asks for what a board needs, writes config.json
make config ARGS="--set timeout=10"      # changes a setting
make config ARGS="--set timeout=null"    # takes it out again
make config ARGS="--set 'bucket_name=Greenhouse 2'"    # where blanks are in it
make config ARGS="--set-json more.json"  # changes all settings that are in this file
make config ARGS="--check config.json"   # says whether a board would take this file
```

Lists and networks have double quotes, which the shell takes away on a command line: so they come
from a file, such as this `more.json`. Passwords are then not on a command line either, which
others on the machine can read.

```json
{"ntp_hosts": ["192.168.1.1"], "wifi": [{"ssid": "home", "password": "its password"}]}
```

For many boards, copy one `config.json` and change in each copy what is its own, as in
`make config ARGS="--file board17.json --set bucket_name=board-17"`. The client key is then never
on a command line. The files are readable by their owner only. `make flash CONFIG=board17.json`
puts that file on the board, and `make flash` can put each board's own file on each of several
boards ([many boards](porting.md#many-boards)).

In `config.example.json`, and in the `local/config.json` that `make serve` writes, the Wi-Fi
network is an example. `--check` says so, and `make config` asks for yours.

The file is JSON, in UTF-8. The board and the PC also accept faults that lose nothing: a byte order
mark at its beginning, a comma too many or too few, NULs at its end. Where a name is in it twice,
the last one counts, and `--check` says so. Any other fault is told with its line and column.
"""

TAIL = """
## Settings that depend on each other

With `ca_file`, `transport` must be `kept`, and `bucket_url` and `ingest_url` must begin with
`https://`. TLS has to know the time, so `set_rtc` must be true and `ntp_hosts` must not be empty.

Where the certificates of the two addresses have different roots, `ca_file` is a list of two files,
or one file that holds both roots, one DER behind the other, as `make config` and `make ca`
write it.
`make flash` turns PEM into DER on its way to the board, under the same name: up to MicroPython
1.28 a Pico W cannot read PEM.

TLS compares a certificate's dates with the board's own clock. So with `ca_file` islog sets this
clock again before a request where it is off by more than a minute (a Pico's clock stands still in
`lightsleep()`). It then shows UTC, whatever the program has set it to. Without `ca_file` islog
sets the clock once, and then leaves it alone.

`spool_file` and `spool_bytes` must be set together, and `spool_bytes` must be at least ten times
`batch_bytes`.

With `watchdog`, `transport` must be `kept`, and is `kept` where it is not set: no other step of
`poll()` is short. A Pico may wait for ten seconds to send a larger `batch_bytes` than 2048, so
`watchdog` must be more than 10 then. An RP2040's watchdog can wait for 8 seconds at most, and an
RP2350's for 16.

## A file from another version

A setting that this version does not know is refused: if it were ignored, nobody would see that it
does nothing. `make config ARGS="--set NAME=null"` takes it out.
"""


def files(ca_file):
    """The names in a setting ca_file: it may be one, or a list, or None."""
    return [ca_file] if isinstance(ca_file, str) else list(ca_file or ())


def refusal(name, value):
    """What is wrong with a setting's value, as the end of a sentence; "": nothing."""
    _, check, *limits = RULES[name]
    try:
        return "" if check(value, *limits) else explain.why(check.__name__, value, *limits)
    except config.ConfigError as error:  # it has said so itself
        return str(error).removeprefix(f"{name} ")


def urls_of(settings):
    """The two URLs that a board with these settings uses."""
    api = settings.get("api") or RULES["api"][0]
    defaults = zip(URLS, config.URLS[api], strict=True)
    return tuple(settings.get(name) or default for name, default in defaults)


@functools.cache
def _example():
    return json.loads((ROOT / "config.example.json").read_text("utf-8"))


def placeholders(settings):
    """The names of settings, not checked yet, that are as the example has them. (The bucket's name
    alone is none: it works, and whoever is asked for it may have taken it.)"""
    example = _example()
    networks = settings.get("wifi")
    left = ["client_key"] if settings.get("client_key") == example["client_key"] else []
    if isinstance(networks, list) and any(map(is_example, networks)):
        left.append("wifi")
    if left and settings.get("bucket_name") == example["bucket_name"]:
        left.append("bucket_name")
    return left


def is_example(network):
    """Whether a network has the name or the password of the example's."""
    if not isinstance(network, dict):
        return False
    example = _example()["wifi"]
    return any(network.get(name) == n[name] for n in example for name in ("ssid", "password"))


def required(name):
    """Whether a setting has no default."""
    return RULES[name][0] is ...


def allowed(name):
    """What a setting's rule allows, in the words in which it refuses."""
    said = []
    for value in WRONG:
        wrong = refusal(name, value).split(", not ")[0].rpartition("must ")[2].removeprefix("be ")
        for verb in ("have ", "hold "):
            wrong = "with " + wrong.removeprefix(verb) if wrong.startswith(verb) else wrong
        if wrong and wrong not in said:
            said.append(wrong)
    return "; ".join(said)


def default_of(name):
    default = RULES[name][0]
    if default is None:
        return UNSET.get(name, "none")
    return "required" if required(name) else f"`{json.dumps(default)}`"


def page():
    """What docs/settings.md has to be."""
    parts = [HEAD]
    for theme, settings in THEMES.items():
        parts.append(f"\n## {theme}\n\n| setting | default | allowed | what it does |\n")
        parts.append("|---|---|---|---|\n")
        for name, what in settings.items():
            rule = allowed(name)
            parts.append(f"| `{name}` | {default_of(name)} | {rule} | {what} |\n")
    return "".join([*parts, TAIL])


def undescribed():
    """Sentences: settings that nothing is said of, and what is said of settings that are none."""
    described = [name for settings in THEMES.values() for name in settings]
    for name in RULES:
        if described.count(name) != 1:
            yield f"{name} is a setting: say once in THEMES of tools/settings.py what it does."
    for name in {*described, *UNSET} - set(RULES):
        yield f"{name} is no setting: take it out of tools/settings.py."


def main():
    parser = argparse.ArgumentParser("python -m tools.settings", description=__doc__)
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--write", action="store_true")
    how.add_argument("--check", action="store_true")
    given = parser.parse_args()
    wrong = list(undescribed())
    if not wrong and given.write:
        PAGE.write_text(page(), "utf-8")
    elif not wrong and (not PAGE.exists() or PAGE.read_text("utf-8") != page()):
        wrong = ["docs/settings.md is stale: run python -m tools.settings --write."]
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""The firmware's own rules of the settings, and docs/settings.md, which is made from them.

    python -m tools.settings --write     write docs/settings.md anew
    python -m tools.settings --check     say what is wrong with it; exit status 1 where it is stale

Names, defaults and what is allowed come from firmware/islog/config.py: what a rule says of wrong
values (WRONG) is what the table says of right ones. Here is only what a setting is for.
"""

import argparse
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
RULES = config.RULES  # name: (default, rule); a rule gives None, or the end of a sentence

# theme: {setting: what it does}
THEMES = {
    "Required": {
        "client_key": "The key of your account, or of your own server: a secret.",
        "bucket_name": "The name under which the readings are shown.",
    },
    "Where the readings go": {
        "api": "The API's first generation, or its second, `events`.",
        "bucket_url": "Where a bucket is made.",
        "ingest_url": "Where readings are sent.",
        "bucket_id": "For `batch_logs` a guid, for `events` a text without a colon or a quote."
        " By default a reboot goes on in the same bucket.",
        "batch_readings": "How many readings a request holds at most.",
        "requests_per_s": "How many requests are sent in a second at most.",
    },
    "Wi-Fi": {
        "wifi": "Networks, tried in this order; `bssid` (one access point of several) and"
        " `ifconfig` (an address of its own) may be left out, and so may `hidden`, which is for"
        " who reads the file: an ESP32 and a Pico W ask for a network by its name, shown or not."
        " Without it the program joins one itself; `Logger` takes a `WiFi` object, or a network"
        " interface, in its place.",
        "country": "The country's two letters, for the channels that it allows.",
        "hostname": "The board's name on the network.",
        "wifi_power": "How much the radio may sleep: `none` answers fastest, `powersave` lasts"
        " longest.",
        "txpower": "How strongly the radio sends, where the port can set that.",
        "wifi_reset": "A link that seems dead is joined anew, and the radio switched off and on."
        " False: the radio is left alone.",
    },
    "The connection": {
        "transport": "`kept`: one connection that stays open; `requests`: a new one for each"
        " request.",
        "ca_file": "A root certificate on the device, or several: the server then has to prove"
        " its name. DER, which every board reads, or PEM.",
        "timeout": "For one socket operation; on the kept connection, for a whole POST.",
        "idle_close": "The kept connection is closed when it was not used for so long.",
        "backoff_max": "A failed request waits a random time up to this, doubling towards it.",
        "slow_retry": "How long until a refused key or a wrong address is tried again.",
    },
    "The clock": {
        "ntp_hosts": "Asked in turn.",
        "sync_interval": "How long until NTP is asked again.",
        "set_rtc": "The first sync sets the board's own clock, so that `time.time()` is right,"
        " too.",
    },
    "Memory": {
        "buffer_bytes": "All the memory that readings ever take: 16 bytes a number, a text its"
        " length and at most 15 more.",
        "batch_bytes": "The one request buffer: a request is never larger.",
        "flush_interval": "How long a reading waits at most while online.",
        "max_signals": "How many names of signals: a reading under one more is `rejected`.",
    },
    "Flash": {
        "spool_file": "Where readings go that memory cannot hold while nothing can be sent: files"
        " of this name and a number.",
        "spool_bytes": "How much of the flash they take at most: the oldest go first.",
    },
    "What it tells": {
        "report_dropped": "After a loss, the next batch says the count so far under the signal"
        " `islog.dropped`.",
        "quiet": "True: nothing is printed to the serial console.",
    },
}
# What None, as a default, stands for where it is not "none".
UNSET = {
    "bucket_id": "from the board's unique id and the bucket's name",
    "bucket_url": "the service's, for each `api`",
    "ingest_url": "the service's, for each `api`",
    "batch_readings": "no limit; with `events` 10",
    "requests_per_s": "no limit; with `events` 3",
    "transport": "`requests`; with `ca_file` `kept`",
    "txpower": "the port's own",
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
Two are required, all others have a default. A wrong one is refused with a sentence when the board
starts; by the same rules it is refused before:

```
make config                              # asks for what a board needs, writes config.json
make config ARGS="--set timeout=10"      # changes a setting: JSON, or a text
make config ARGS="--set timeout=null"    # takes it out again
make config ARGS="--check config.json"   # says whether a board would take this file
```

For many boards, copy one `config.json` and give each copy what is its own, as in
`make config ARGS="--file board17.json --set bucket_name=board-17"`: so the client key is never on
a command line, which others on the machine can read. Files are readable by their owner only.

The file is JSON, in UTF-8. Board and PC read, too, what loses nothing: a byte order mark at its
beginning, a comma too many or too few, NULs at its end. Where a name is in it twice, the last one
counts, and `--check` says so. What else is wrong with it is told with the line.
"""

TAIL = """
## Settings that depend on each other

With `ca_file`, `transport` is `kept`, `bucket_url` and `ingest_url` begin with `https://`,
`set_rtc` is true and `ntp_hosts` is not empty: TLS has to know the time. Where the two addresses
end in different roots, `ca_file` is a list of two files, or one file that holds both, one DER
behind the other, as `make config` writes it. `make flash` turns PEM into DER on its way to the
board, under the same name: a Pico W's MicroPython cannot read PEM up to 1.28.

TLS reads the board's own clock. So with `ca_file` that is set again before a request where it is
off by more than a minute (a Pico's stands still in `lightsleep()`): it shows UTC, whatever the
program sets it to. Without `ca_file` it is set once, and then left alone.

`spool_file` and `spool_bytes` are set together, and `spool_bytes` is at least ten times
`batch_bytes`.

## A file from another version

A name that this version does not know is refused, not passed over: nobody would see that it does
nothing. `make config ARGS="--set NAME=null"` takes it out.
"""


def files(ca_file):
    """The names in a setting ca_file: it may be one, or a list, or None."""
    return [ca_file] if isinstance(ca_file, str) else list(ca_file or ())


def required(name):
    """Whether a setting has no default: what stands there is itself no allowed value."""
    default, rule = RULES[name]
    return default is not None and bool(rule(default))


def allowed(rule):
    """What a rule allows, in the words in which it refuses."""
    said = []
    for value in WRONG:
        wrong = (rule(value) or "").split(", not ")[0].rpartition("must ")[2].removeprefix("be ")
        for verb in ("have ", "hold "):
            wrong = "with " + wrong.removeprefix(verb) if wrong.startswith(verb) else wrong
        if wrong and wrong not in said:
            said.append(wrong)
    return "; ".join(said)


def default_of(name):
    default, _ = RULES[name]
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
            rule = allowed(RULES[name][1])
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

"""islog: sensor readings from a MicroPython board to Initial State.

For editors and type checkers only: no board needs this file, and none gets it. A test compares it
with the firmware: names, parameters, defaults, the keys of status().
"""

from typing import Literal, NotRequired, Protocol, TypedDict, TypeVar

from .wifi import WiFi

__version__: str
__all__ = ("ConfigError", "Logger", "from_config")

_Value = int | float | bool | str | None
_SomeValue = TypeVar("_SomeValue", bound=_Value)
_Epoch = int | tuple[int, int] | None
_State = Literal["offline", "no time", "online", "waiting", "refused", "closed"]

class _Status(TypedDict):
    state: _State
    pending: int
    sent: int
    dropped: int
    rejected: int
    retries: int
    spooled: int
    recovered: int
    lost: int
    synced: bool
    last_error: str | None
    bucket_id: str
    clock: Literal["none", "http", "ntp"]
    clock_error_ms: int | None
    said: list[tuple[int, str]]
    uptime_s: int
    # With `upload_interval` only:
    uploading: NotRequired[bool]
    # With `watchdog` or `restart_after` only:
    restarted: NotRequired[str | None]
    restarts: NotRequired[int]
    reset_cause: NotRequired[int | None]

class _Interface(Protocol):
    """A network interface: a `network.LAN`, a `network.WLAN`, or what has the same method."""

    def isconnected(self) -> bool: ...

class ConfigError(ValueError):
    """A setting is wrong: its text is one sentence with its name, what is wrong, what to do."""

class Logger:
    """Streams readings to one bucket. Nothing is connected before the first `poll()`.

    The settings are those of config.json: ConfigError, a ValueError, says what is wrong with one.
    `wifi` is a WiFi object (several Loggers may share it), a network interface that the program
    looks after (anything with isconnected()), or None: as if connected.

    At any moment, logged = `sent` + `dropped` + `rejected` + `pending`. What earlier boots have
    left in flash counts apart from that, as `recovered` or `lost`.
    """

    bucket_id: str
    """The id of the bucket that the readings go to."""
    last_error: str | None
    """The last trouble, in one plain sentence that never holds the key; None: there was none."""
    state: _State
    """What it is about. "waiting": a request failed; "refused": it is tried again in minutes."""
    uploading: bool
    """With `upload_interval` only: whether an upload is under way."""

    def __init__(
        self,
        client_key: str,
        bucket_name: str,
        bucket_id: str | None = None,
        wifi: WiFi | _Interface | None = None,
        *,
        api: Literal["batch_logs", "events"] = "batch_logs",
        bucket_url: str | None = None,
        ingest_url: str | None = None,
        batch_readings: int | None = None,
        requests_per_s: int | None = None,
        transport: Literal["requests", "kept"] | None = None,
        ca_file: str | list[str] | None = None,
        idle_close: int = 60,
        ntp_hosts: list[str] | tuple[str, ...] = ("pool.ntp.org",),
        buffer_bytes: int = 8192,
        batch_bytes: int = 2048,
        flush_interval: int = 10,
        upload_interval: int = 0,
        timeout: int = 5,
        backoff_max: int = 60,
        slow_retry: int = 180,
        sync_interval: int = 14400,
        set_rtc: bool = True,
        max_clock_error: int | None = None,
        native: bool | Literal["auto"] = "auto",
        rtc_memory: list[int] | tuple[int, int] | None = None,
        max_signals: int = 64,
        report_dropped: bool = True,
        spool_file: str | None = None,
        spool_bytes: int = 0,
        country: str | None = None,
        hostname: str | None = None,
        wifi_power: Literal["none", "performance", "powersave"] | None = None,
        wifi_reset: bool = True,
        txpower: float | None = None,
        watchdog: int | None = None,
        restart_after: int | None = None,
        quiet: bool = False,
    ) -> None:
        """`client_key` is a secret; `bucket_name` has at most 200 characters. ConfigError."""
    @property
    def pending(self) -> int:
        """Readings that the server has not accepted yet."""
    @property
    def sent(self) -> int:
        """Readings that the server has accepted."""
    @property
    def dropped(self) -> int:
        """Readings lost: there was no more room for them, or the log was closed."""
    @property
    def rejected(self) -> int:
        """Readings that were none (a sensor that did not answer), or that the server refused."""
    @property
    def retries(self) -> int:
        """Requests with readings that were not accepted, and made again."""
    @property
    def spooled(self) -> int:
        """Readings that are in flash (`spool_file`)."""
    @property
    def recovered(self) -> int:
        """Readings of earlier boots, from flash, that the server has accepted."""
    @property
    def lost(self) -> int:
        """Readings of earlier boots that can never be sent."""
    @property
    def synced(self) -> bool:
        """Whether the time is known; until then readings wait."""
    def log(self, signal: str, value: _Value, epoch: _Epoch = None) -> bool:
        """Store one reading, without I/O or waiting; also from callbacks, other threads and cores,
        and, numbers and bools under known signals, from hard interrupts.

        `signal`: 1 to 100 characters. `value`: an int of 64 bits, a float, a bool, or a str of at
        most 1000 UTF-8 bytes. `epoch`: its Unix time, in seconds or as (seconds, microseconds);
        None: now. True where stored; None, NaN and infinity (a sensor that did not answer) are
        counted as `rejected`: False; without memory it is `dropped`: False. What can never be a
        reading raises ValueError or TypeError.
        """
    def log_object(
        self,
        obj: dict[str, _SomeValue] | list[_SomeValue] | tuple[_SomeValue, ...],
        prefix: str = "",
        epoch: _Epoch = None,
    ) -> bool:
        """Log each entry of a dict (signal: `prefix` + its key) or a list (`prefix` + its index),
        all with one time. True where all were stored. Raises as log() does, before any is."""
    def poll(self) -> int:
        """Do at most one network operation, and return the milliseconds until the next is wanted.
        Never raises for trouble at run time."""
    def flush(self, timeout: float | None = 30) -> bool:
        """Poll until nothing is pending, without waiting for a batch to be full or old.

        False where `timeout` seconds ran out first (None: no limit)."""
    def sleep(self, seconds: float, deep: bool = False) -> None:
        """With `upload_interval` only. Let the board sleep for so long with machine.lightsleep(),
        the radio off, and awake only for uploads that are due. `deep`: with machine.deepsleep(),
        after which the board starts anew, and the next Logger goes on where this one was.
        ConfigError: neither this board's RTC memory nor a `spool_file` would keep the readings."""
    def slept(self, ms: int) -> None:
        """The program let the board sleep for `ms` milliseconds while its ticks stood still: what
        was logged before has the right time, and so has what comes. ValueError."""
    async def run(self) -> None:
        """Call poll() under asyncio, until close(). With `transport="kept"` no step waits, and
        what would is awaited; with "requests" one POST still takes as long as it takes.
        Cancelled, it gives up what is under way, keeps its readings, and may be called again."""
    async def aflush(self, timeout: float | None = 30) -> bool:
        """flush(), while other tasks go on; also beside run()."""
    async def aclose(self) -> bool:
        """close(), while other tasks go on; run() then comes to its end."""
    async def __aenter__(self) -> Logger:
        """`async with log:` has aclose() at its end."""
    async def __aexit__(self, *_: object) -> None:
        """As aclose()."""
    def close(self) -> bool:
        """One last attempt of at most `timeout` seconds, then the spool. True where all was sent.

        What is in neither counts as dropped, and so does what is logged later."""
    def status(self) -> _Status:
        """All counters and the state in a dict, with `clock` (what set it), `clock_error_ms` (the
        likely error of the time now, or of the oldest reading's), `said` (the last five different
        sentences for the console, oldest first, each behind the uptime in seconds when it was said
        last; also with `quiet`) and `uptime_s` (which that is now).

        With `upload_interval` there is one more: `uploading`, whether an upload is under way.
        With `watchdog` or `restart_after` there are three more: `restarted` (why the board was
        restarted, if the server has not answered between that and this boot; else None),
        `restarts` (how often islog has restarted it) and `reset_cause` (machine.reset_cause() as
        this boot began; None on a port without)."""

def from_config(path: str = "config.json") -> Logger:
    """A Logger with the settings of a JSON file, Wi-Fi included. ConfigError: what is wrong."""

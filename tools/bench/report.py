"""Figures -> rows with ratios and targets, and the rows as a table: for the terminal, as Markdown.

The targets are what islog promises. JSON may take the heap of one number taken out of an array
and formatted; log() of a str what copying it into a buffer takes.
"""

from dataclasses import asdict, dataclass

from rich.table import Table

from tools.size import (
    BLOCK_BYTES,
    IMPORT_BYTES,
    IMPORT_FROZEN_BYTES,
    IMPORT_MPY_BYTES,
    IMPORT_ROMFS_BYTES,
    LOGGER_BYTES,
)

from . import forms
from .posts import BATCHES, READINGS, SCHEMES, TURNS

LOG_PLAIN = 1.75  # times as long as the naive client's log()
LOG_NATIVE = 1.2
WRITE = 0.5  # of json.dumps
NUMBER_BYTES = 16
TEXT_BYTES = 16  # more than its UTF-8
FORMS = (  # of forms.collect()
    ("mpy", ".mpy", IMPORT_MPY_BYTES),
    ("romfs", "ROMFS", IMPORT_ROMFS_BYTES),
    ("frozen", "frozen", IMPORT_FROZEN_BYTES),
)
FORMS_TEXT = (
    "Heap is bytecode's, on the 32-bit build. Of .py and .mpy files all is in the heap. In a ROMFS"
    " image bytecode, texts and names stay in flash: the figure is that for .mpy files less these,"
    " since that build has no ROMFS. Frozen, islog keeps what running its modules leaves, which is"
    " measured there; by how much the firmware grows is not known on a PC. Machine code takes"
    " bytecode's place where the board can run it, and is copied to RAM from a file, in a ROMFS"
    " image or not: to the heap, or on an ESP32 beside it."
)
_NATIVE = ", native"  # ends the name of a row of that twin


@dataclass
class Row:
    """One line: the figures (None: there is none), and the most that islog's, or its ratio to the
    naive client's (`of_ratio`), may be; `least`: for figures of which more is better."""

    what: str
    unit: str
    islog: float
    naive: float | None = None
    streamer: float | None = None
    target: float | None = None
    of_ratio: bool = False
    more_is_better: bool = False

    @property
    def ratio(self):
        return self.islog / self.naive if self.naive else None

    @property
    def met(self):
        if self.target is None:
            return None
        figure = self.ratio if self.of_ratio else self.islog
        return figure >= self.target if self.more_is_better else figure <= self.target

    def cells(self):
        target = ""
        if self.target is not None:
            sign = ">=" if self.more_is_better else "<="
            target = f"{sign} {_number(self.target)}" + (" x" if self.of_ratio else "")
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        met = {None: "", True: "yes", False: "NO"}[self.met]
        figures = [_number(figure) for figure in (self.islog, self.naive, self.streamer)]
        return [self.what, self.unit, *figures, ratio, target, met]

    def as_json(self):
        return {**asdict(self), "ratio": self.ratio, "met": self.met}


HEAD = ["", "", "islog", "naive", "ISStreamer", "ratio", "target", "met"]


def _number(figure):
    if figure is None:
        return ""
    if isinstance(figure, float) and figure < 10 and figure != int(figure):
        return f"{figure:.2f}"
    if isinstance(figure, float) and figure < 100 and figure != int(figure):
        return f"{figure:.1f}"
    return f"{round(figure):,}"


def _all(results, what):
    return [result for result in results if result["what"] == what]


def log_float_ns(results):
    """What log() of a float takes, of what times.py has printed."""
    return next(r["islog"] for r in _all(results, "log") if r["kind"] == "float")


def _times(results, twin, log_target):
    for r in _all(results, "log"):
        target = None if r["kind"] == "str" else log_target
        three = r["islog"], r["naive"], r["streamer"]
        yield Row(f"log(), {r['kind']}{twin}", "ns", *three, target, of_ratio=True)
    for r in _all(results, "write"):
        two = r["islog"], r["naive"]
        yield Row(f"JSON, {r['kind']}{twin}", "ns", *two, target=WRITE, of_ratio=True)


def _heap(results, largest=None, by_form=None):
    for r in _all(results, "log"):
        three = r["islog"], r["naive"], r["streamer"]
        yield Row(f"heap: log(), {r['kind']}", "bytes", *three, r["copy"])
    yield from _json_heap(results, "")
    for r in _all(results, "buffered"):
        target = NUMBER_BYTES if r["kind"] != "str" else r["size"] + TEXT_BYTES
        yield Row(f"buffered, {r['kind']}", "bytes", r["islog"], r["naive"], target=target)
    (r,) = _all(results, "text")
    yield Row("buffered, str beyond its UTF-8", "bytes", r["overhead"], target=TEXT_BYTES)
    if largest:
        two = largest["islog"], largest["naive"]
        yield Row("largest block once it runs", "bytes", *two, target=BLOCK_BYTES)
    (r,) = _all(results, "import")
    kept = by_form["py"] if by_form else r["islog"]  # as the other forms are measured
    yield Row("heap kept by import islog", "bytes", kept, target=IMPORT_BYTES)
    for form, what, target in FORMS if by_form else ():
        yield Row(f"heap kept by import, {what}", "bytes", by_form[form], target=target)
    (r,) = _all(results, "logger")
    yield Row("heap kept by a Logger", "bytes", r["islog"], target=LOGGER_BYTES)


def _json_heap(results, twin):
    for r in _all(results, "write"):
        two = r["islog"], r["naive"]
        yield Row(f"heap: JSON, {r['kind']}{twin}", "bytes", *two, target=r["one_number"])


def _network(network):
    def three(key, scale=1):
        return [network[client][key] * scale for client in ("islog", "naive", "streamer")]

    yield Row("sent, a reading", "bytes", *three("sent"), 1, of_ratio=True)
    yield Row("received, a reading", "bytes", *three("received"), 1, of_ratio=True)
    yield Row("connections, 100 readings", "", *three("connections", 100), 1, of_ratio=True)
    per_s = three("per_s")
    yield Row("readings, log() to 204", "1/s", *per_s, 1, of_ratio=True, more_is_better=True)


def rows(figures):
    """All rows, of what __main__ has collected."""
    found = list(_times(figures["times"]["plain"], "", LOG_PLAIN))
    if "native" in figures["times"]:
        log_target = LOG_NATIVE if figures["native_log"] else LOG_PLAIN
        found += _times(figures["times"]["native"], _NATIVE, log_target)
        found += _json_heap(figures["heap_native"], _NATIVE)
    found += _heap(figures["heap"], figures["largest"], figures["forms"]["heap"])
    found += _network(figures["network"])
    return found


def board_rows(times, heap, native):
    """The rows of what a board has printed; `native`: it has compiled native.py."""
    return [*_times(times, "", LOG_NATIVE if native else LOG_PLAIN), *_heap(heap)]


def table(found):
    """The rows as a table for the terminal."""
    shown = Table(*HEAD, box=None, pad_edge=False)
    for column in shown.columns[2:6]:
        column.justify = "right"
    for row in found:
        shown.add_row(*row.cells(), style="red" if row.met is False else None)
    return shown


def small_tables(figures):
    """[(title, head, lines)]: what a float takes by fill, by signals, by batch, in bytecode."""
    plain = figures["times"]["plain"]
    by_fill = [
        [f"{r['percent']} %" if r["percent"] < 100 else "full (the oldest goes)", round(r["log"])]
        for r in _all(plain, "by fill")
    ]
    by_signals = [
        [r["signals"], round(r["log"]), round(r["write"])] for r in _all(plain, "by signals")
    ]
    by_batch = [
        [r["batch_bytes"], r["readings"], round(r["write"])] for r in _all(plain, "by batch")
    ]
    return [
        ("By how full the buffer is", ["fill", "log(), ns"], by_fill),
        ("By the number of signals", ["signals", "log(), ns", "JSON, ns"], by_signals),
        ("By the batch's size", ["batch_bytes", "readings", "JSON, ns"], by_batch),
    ]


def by_form(figures):
    """(title, head, lines): flash and heap by the form in which islog is on the board."""
    lines = [[what, *map(_number, sizes)] for what, *sizes in forms.table(figures["forms"])]
    return forms.TITLE, forms.HEAD, lines


def transports(figures):
    """(title, head, lines): a batch by `requests` and on the kept connection."""
    found = figures["posts"]

    def line(label, transport, key):
        times = [_number(found[transport][scheme][key]) for scheme in SCHEMES]
        return [label, *times, found[transport]["https"]["handshakes"] if key == "ms" else ""]

    lines = [
        line("requests (verifies nothing)", "requests", "ms"),
        line("kept (https: verified)", "kept", "ms"),
        line("kept, first of all (connects)", "kept", "first_ms"),
    ]
    of = [(scheme, "ms") for scheme in SCHEMES] + [("https", "handshakes")]
    ratios = [f"{found['requests'][s][key] / found['kept'][s][key]:.1f}" for s, key in of]
    head = ["transport", "http, ms", "https, ms", f"handshakes, {TURNS * BATCHES} batches"]
    title = f"A batch of {READINGS} readings, until it is acknowledged"
    return title, head, [*lines, ["requests / kept", *ratios]]


def markdown(head, lines):
    def line(cells):
        return "| " + " | ".join(map(str, cells)) + " |"

    return "\n".join([line(head), "|" + "---|" * len(head), *map(line, lines)])


def _compact(found):
    """The cells of all rows: native code's figures beside plain code's, and kinds of which
    nothing differs on one line."""
    native = {row.what.removesuffix(_NATIVE): row for row in found if row.what.endswith(_NATIVE)}
    lines = []
    for row in found:
        if row.what.endswith(_NATIVE):
            continue
        what, *cells = row.cells()
        if row.what in native:
            both = zip(cells, native[row.what].cells()[1:], strict=True)
            cells = [one if one == other else f"{one} / {other}" for one, other in both]
        figure, _, kind = what.partition(", ")
        if lines and lines[-1][0].split(", ")[0] == figure and lines[-1][1:] == cells:
            lines[-1][0] += f", {kind}"
        else:
            lines.append([what, *cells])
    return lines


def full(figures):
    """What docs/benchmarks.md has between its marks: all tables."""
    found = rows(figures)
    native = any(row.what.endswith(_NATIVE) for row in found)
    title, head, lines = transports(figures)
    form_title, form_head, form_lines = by_form(figures)
    parts = [
        f"Measured by `make bench` on {figures['builds']}. The times are a PC's: only their ratios"
        " say something about a board. The heap is that of the 32-bit build, as on a board"
        + (
            "; only machine code's heap is that of the 64-bit build, where objects are twice as"
            " large. Where a cell has two figures, the first is for bytecode, the second for"
            " machine code, which islog uses wherever the port can compile it."
            if native
            else "."
        ),
        "The naive client keeps a list of dicts, and sends each batch with `json.dumps` and one"
        " `requests.post`. The column ISStreamer is a client that sends ten dicts a request, as"
        " Initial State's ISStreamer does. `ratio` is islog's figure divided by the naive"
        " client's. `target` is what islog is to reach: a figure, or with an `x` that ratio.",
        markdown(HEAD, _compact(found)),
        f"{title} by a local server on the same PC (median of {TURNS} turns of {BATCHES} batches;"
        " the kept connection is made in the first of them). With TLS, `requests` waits for more"
        " than its handshake: it sends a request in two dozen small writes, and the last of them"
        " waits for a delayed acknowledgement, 40 ms on Linux.",
        markdown(head, lines),
        f"{form_title}. {FORMS_TEXT}",
        markdown(form_head, form_lines),
        "The last three tables are for a float, in bytecode.",
    ]
    for title, head, lines in small_tables(figures):
        cells = [[line[0], *map(_number, line[1:])] for line in lines]
        parts += [f"{title}:", markdown(head, cells)]
    return "\n\n".join(parts)


def short(figures):
    """The line that README.md has between its marks."""
    found = {row.what: row for row in rows(figures)}

    def row(what):
        return found.get(what + _NATIVE) or found[what]

    def against(what):
        return f"{_number(found[what].islog)} instead of {_number(found[what].naive)}"

    return (
        "Measured on a PC, against a list of dicts sent with `json.dumps` and `requests.post`:"
        f" `log()` of a float takes {row('log(), float').ratio:.2f} times as long, writing it as"
        f" JSON {row('JSON, float').ratio:.2f} times as long; bytes for a buffered number:"
        f" {against('buffered, float')}; readings per second, logged, sent and accepted:"
        f" {against('readings, log() to 204')}. `import islog` keeps"
        f" {_number(found['heap kept by import islog'].islog)} bytes of heap, a `Logger`"
        f" {_number(found['heap kept by a Logger'].islog)}."
    )

"""Figures -> rows with ratios and targets, and the rows as a table: for the terminal, as Markdown.

The targets are what islog promises. JSON may take the heap of one number taken out of an array
and formatted; log() of a str what copying it into a buffer takes.
"""

from dataclasses import asdict, dataclass

from tools.size import BLOCK_BYTES, IMPORT_BYTES, LOGGER_BYTES

LOG_PLAIN = 1.75  # times as long as the naive client's log()
LOG_NATIVE = 1.2
WRITE = 0.5  # of json.dumps
NUMBER_BYTES = 16
TEXT_BYTES = 16  # more than its UTF-8


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


def _times(results, twin, log_target):
    for r in _all(results, "log"):
        target = None if r["kind"] == "str" else log_target
        three = r["islog"], r["naive"], r["streamer"]
        yield Row(f"log(), {r['kind']}{twin}", "ns", *three, target, of_ratio=True)
    for r in _all(results, "write"):
        two = r["islog"], r["naive"]
        yield Row(f"JSON, {r['kind']}{twin}", "ns", *two, target=WRITE, of_ratio=True)


def _heap(results, largest):
    for r in _all(results, "log"):
        three = r["islog"], r["naive"], r["streamer"]
        yield Row(f"heap: log(), {r['kind']}", "bytes", *three, r["copy"])
    for r in _all(results, "write"):
        two = r["islog"], r["naive"]
        yield Row(f"heap: JSON, {r['kind']}", "bytes", *two, target=r["one_number"])
    for r in _all(results, "buffered"):
        target = NUMBER_BYTES if r["kind"] != "str" else r["size"] + TEXT_BYTES
        yield Row(f"buffered, {r['kind']}", "bytes", r["islog"], r["naive"], target=target)
    (r,) = _all(results, "text")
    yield Row("buffered, str beyond its UTF-8", "bytes", r["overhead"], target=TEXT_BYTES)
    two = largest["islog"], largest["naive"]
    yield Row("largest block once it runs", "bytes", *two, target=BLOCK_BYTES)
    (r,) = _all(results, "import")
    yield Row("heap kept by import islog", "bytes", r["islog"], target=IMPORT_BYTES)
    (r,) = _all(results, "logger")
    yield Row("heap kept by a Logger", "bytes", r["islog"], target=LOGGER_BYTES)


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
        found += _times(figures["times"]["native"], ", native", log_target)
    found += _heap(figures["heap"], figures["largest"])
    found += _network(figures["network"])
    return found


def small_tables(figures):
    """[(title, head, lines)]: what a reading takes, by fill, by signals, by batch; plain code."""
    plain = figures["times"]["plain"]
    by_fill = [
        [f"{r['percent']} %" if r["percent"] < 100 else "full: drops the oldest", round(r["log"])]
        for r in _all(plain, "by fill")
    ]
    by_signals = [
        [r["signals"], round(r["log"]), round(r["write"])] for r in _all(plain, "by signals")
    ]
    by_batch = [
        [r["batch_bytes"], r["readings"], round(r["write"])] for r in _all(plain, "by batch")
    ]
    return [
        ("By the ring's fill", ["fill", "log(), ns"], by_fill),
        ("By the number of signals", ["signals", "log(), ns", "JSON, ns"], by_signals),
        ("By the batch's size", ["batch_bytes", "readings", "JSON, ns"], by_batch),
    ]


def markdown(head, lines):
    def line(cells):
        return "| " + " | ".join(map(str, cells)) + " |"

    return "\n".join([line(head), "|" + "---|" * len(head), *map(line, lines)])


def readme(figures):
    """The part of README.md that the benchmark writes."""
    text = [
        f"Measured by `make bench` on {figures['builds']}: times are a PC's, and only their"
        " ratios say something of a board; heap is as on a board. The naive client is a list of"
        " dicts, `json.dumps` and one `requests.post` per batch; ISStreamer's way is ten dicts a"
        " request.",
        "",
        markdown(HEAD, [row.cells() for row in rows(figures)]),
    ]
    for title, head, lines in small_tables(figures):
        text += ["", title + ":", "", markdown(head, lines)]
    return "\n".join(text)

"""What a bucket's page shows of its readings: gaps, silence, any numbers, also on paper."""

import time
import types

import pytest

from tools.server import history, store

from .browser import greenhouse, page
from .conftest import BUCKET_ID, reading
from .test_page import DRAWN, card
from .test_readback import get

ADDRESS = f"/#b={BUCKET_ID}"


def at(moment, function, *arguments, **named):
    """What a function does at a time of day on the server's clock."""
    real = store.time
    store.time = history.time = types.SimpleNamespace(time=lambda: moment)
    try:
        return function(*arguments, **named)
    finally:
        store.time = history.time = real


def live(board, times, **changed):
    """Readings that arrived as they were made."""
    times = list(times)
    for first in range(0, len(times), 5):
        some = times[first : first + 5]
        batch = [reading(e=e, v=20 + i % 7, **changed) for i, e in enumerate(some)]
        assert at(some[-1], board.send, batch)[0] == 204


def gaps(opened):
    return opened.locator(".facts div").filter(has_text="Gaps").locator("dd").inner_text()


# The colour of a chart's canvas at a share of its width and height, as [r, g, b, a].
PIXEL = """([name, across, down]) => {
  const card = [...document.querySelectorAll('article.card')]
    .find((c) => c.querySelector('h3').textContent === name);
  const canvas = card.querySelector('canvas');
  const over = card.querySelector('.u-over').getBoundingClientRect();
  const whole = canvas.getBoundingClientRect();
  const scale = canvas.width / whole.width;
  const x = (over.left - whole.left + across * over.width) * scale;
  const y = (over.top - whole.top + down * over.height) * scale;
  return [...canvas.getContext('2d').getImageData(x, y, 1, 1).data];
}"""


def test_a_silent_board_has_a_gap_that_grows_until_it_is_back(chromium, server, board):
    now = time.time()
    live(board, [now - 300 + 2 * i for i in range(120)])
    last = now - 300 + 2 * 119
    with page(chromium) as opened:
        opened.goto(server.url + ADDRESS)
        opened.wait_for_function(DRAWN, arg="t")
        assert gaps(opened).startswith("1, up to ")
        before = gaps(opened)
        opened.wait_for_function(
            "(b) => !document.querySelector('.facts').innerText.includes(b)", arg=before
        )
        shaded = opened.evaluate(PIXEL, ["t", 0.95, 0.05])
        assert shaded[3] > 0 and shaded != opened.evaluate(PIXEL, ["t", 0.3, 0.05])
        assert "silent" in card(opened, "t").locator(".since").inner_text()
        board.send([reading(e=time.time())])
        opened.wait_for_function(
            "() => !document.querySelector('.since').innerText.includes('silent')"
        )
        grown = gaps(opened)
        assert grown.startswith("1, up to ")
        # What was kept meanwhile arrives, and there never was a gap.
        board.send([reading(e=last + 2 * i) for i in range(1, int((time.time() - last) / 2))])
        opened.wait_for_function(
            "() => document.querySelector('.facts').innerText.includes('none')"
        )


def test_a_window_within_an_outage_leads_to_the_last_readings(chromium, server, board):
    now = time.time()
    live(board, [now - 4 * 3600 + 5 * i for i in range(240)])
    live(board, [now - 4 * 3600 + 5 * i for i in range(240)], sn="rain")
    with page(chromium) as opened:
        opened.goto(server.url + ADDRESS)
        opened.get_by_text("Nothing here: last reading 4 h ago").first.wait_for()
        assert gaps(opened) == "1, up to 4 h"
        opened.get_by_role("button", name="Show it: t").click()
        opened.wait_for_function(DRAWN, arg="t")
        assert "240 readings" in card(opened, "t").locator("footer").inner_text()
        assert opened.locator(".nothing button").count() == 0
        assert "from=" in opened.evaluate("location.href") and gaps(opened) == "1, up to 4 h"
        opened.go_back()
        opened.get_by_text("Nothing here: last reading 4 h ago").first.wait_for()
        # Within a gap that has an end, it is the reading before it.
        live(board, [now - 1800 + 5 * i for i in range(300)])
        opened.goto(f"{server.url}{ADDRESS}&from={now - 7200}&to={now - 7000}")
        opened.get_by_text("Nothing here: the reading before is of").first.wait_for()
        # Where it is about to be empty for another reason, it says that.
        opened.goto(f"{server.url}{ADDRESS}&from={now - 90000}&to={now - 80000}")
        opened.get_by_text("Nothing here: the first reading is of").first.wait_for()


def test_gaps_do_not_depend_on_what_is_in_sight_nor_on_zoom(chromium, server):
    bucket = greenhouse(server.store)
    now = time.time()
    inside = f"&from={now - 1800}&to={now - 1600}"
    for height in (400, 2000):
        with page(chromium, height=height) as opened:
            for there in ("", "&range=all", inside):
                opened.goto(f"{server.url}/#b={bucket}{there}")
                opened.reload()  # else what is known of another range may be what is shown
                opened.get_by_text("1, up to 7 min").wait_for()
                opened.wait_for_function(
                    "() => [...document.querySelectorAll('article footer')]"
                    ".every((f) => f.innerText.includes('reading'))"
                )
                assert gaps(opened) == "1, up to 7 min"


def test_a_line_crosses_a_window_between_two_readings(chromium, server, board):
    now = time.time()
    live(board, [now - 6000 + 60 * i for i in range(100)])
    with page(chromium) as opened:
        opened.goto(f"{server.url}{ADDRESS}&from={now - 3550}&to={now - 3545}")
        opened.wait_for_function(DRAWN, arg="t")
        assert "0 readings" in card(opened, "t").locator("footer").inner_text()
        assert gaps(opened) == "none" and not opened.locator(".nothing button").count()


NUMBERS = {
    "rssi": [-60 - i % 10 for i in range(40)],
    "huge": [1e15 + 1e12 * i for i in range(40)],
    "tiny": [-1e-7 * i for i in range(40)],
    "both": [i - 20 for i in range(40)],
    "vast": [1e308 * (-1) ** i for i in range(40)],
}

# Notes what the charts write, as [text, left end, right end, width of the canvas].
WRITTEN = """() => {
  window.written = new Map();
  const draw = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...rest) {
    const { width } = this.measureText(text);
    const left = this.textAlign === 'center' ? x - width / 2
      : ['right', 'end'].includes(this.textAlign) ? x - width : x;
    const card = this.canvas.closest('article').querySelector('h3').textContent;
    const all = window.written.get(card) ?? [];
    window.written.set(card, [...all, [text, left, left + width, this.canvas.width]]);
    return draw.call(this, text, x, y, ...rest);
  };
}"""


def test_any_numbers_have_labels_that_can_be_read_and_a_fill_that_is_theirs(
    chromium, server, board
):
    now = time.time()
    for name, values in NUMBERS.items():
        board.send([reading(sn=name, v=v, e=now - 400 + 10 * i) for i, v in enumerate(values)])
    with page(chromium, height=1600) as opened:
        opened.goto(server.url)
        opened.evaluate(WRITTEN)
        opened.goto(server.url + ADDRESS)
        for name in NUMBERS:
            opened.wait_for_function(DRAWN, arg=name)
        written = dict(opened.evaluate("[...window.written]"))
        for name, labels in written.items():
            assert all(left >= 0 and right <= width for _, left, right, width in labels), name
            numbers = {text for text, *_ in labels if ":" not in text}
            assert len(numbers) >= 2 and not any("NaN" in text for text in numbers), name
        said = {name: " ".join(text for text, *_ in labels) for name, labels in written.items()}
        assert "1.02e15" in said["huge"] and "\u22122e\u22126" in said["tiny"]
        assert "\u221265" in said["rssi"] and "1e308" not in said["rssi"]

        # Below the line there is colour, above it there is none; around zero, towards zero.
        def filled(name, across, down):
            return opened.evaluate(PIXEL, [name, across, down])[3] > 0

        assert not filled("rssi", 0.5, 0.02) and filled("rssi", 0.5, 0.9)
        assert filled("both", 0.05, 0.7) and not filled("both", 0.05, 0.98)
        assert filled("both", 0.9, 0.35) and not filled("both", 0.9, 0.03)


def test_the_whole_page_is_drawn_and_printed_in_sight_or_not(chromium, server):
    bucket = greenhouse(server.store)
    with page(chromium, height=300, color_scheme="dark") as opened:
        opened.goto(f"{server.url}/#b={bucket}")
        for name in ("fan on", "temperature", "islog.dropped"):
            opened.wait_for_function(DRAWN, arg=name)
        assert opened.evaluate("scrollY") == 0
        opened.set_viewport_size({"width": 718, "height": 1000})
        opened.emulate_media(media="print", color_scheme="dark")
        opened.evaluate("dispatchEvent(new Event('beforeprint'))")
        opened.wait_for_function(DRAWN, arg="temperature")
        assert opened.locator(".top").is_hidden() and opened.locator("#buckets").is_hidden()
        assert opened.evaluate("document.documentElement.scrollWidth") <= 718
        assert opened.evaluate(
            "[...document.querySelectorAll('canvas')].every((c) => c.getBoundingClientRect().right"
            " <= c.closest('article').getBoundingClientRect().right)"
        )
        assert not opened.evaluate("document.documentElement.classList.contains('dark')")
        opened.evaluate("dispatchEvent(new Event('afterprint'))")
        assert opened.evaluate("document.documentElement.classList.contains('dark')")
        assert opened.pdf()[:4] == b"%PDF"


@pytest.mark.parametrize("there", ["", "&range=day", "&range=all"])
def test_an_export_holds_the_readings_that_are_shown(chromium, server, there):
    bucket = greenhouse(server.store)
    with page(chromium) as opened:
        opened.goto(f"{server.url}/#b={bucket}{there}")
        opened.wait_for_function(DRAWN, arg="fan on")
        footer = card(opened, "fan on").locator("footer")
        # Both at one moment: what is shown moves on.
        shown, href = opened.evaluate(
            "() => [document.querySelector('article footer').innerText, "
            "document.querySelector('.exports a').getAttribute('href')]"
        )
        assert "reading" in footer.inner_text()
    rows = [row for row in get(server, href)[2].splitlines() if ",fan on," in row]
    assert abs(int(shown.replace(",", "").split()[0]) - len(rows)) <= 1


def test_without_scripts_the_page_says_what_it_needs(chromium, server):
    with page(chromium, java_script_enabled=False) as opened:
        opened.goto(server.url)
        assert "JavaScript" in opened.get_by_role("main").inner_text()
        assert opened.locator("#theme").is_hidden() and opened.locator("#link").is_hidden()

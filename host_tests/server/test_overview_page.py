"""The overview in a real Chromium: by keyboard, by ear, live, on a phone, in all colours."""

import re
import time

import pytest

from tools.server import LocalServer

from .boards import fill
from .browser import page
from .conftest import BUCKET_ID, KEY, reading


@pytest.fixture(scope="module")
def many():
    with LocalServer(key=KEY) as server:
        fill(server.store, 200, 20_000)
        server.store.create_bucket(BUCKET_ID, "not yet " * 20)
        yield server


ROWS = ".boards tbody tr"


def names(opened):
    return opened.locator(f"{ROWS} th").all_inner_texts()


def row(opened, name):
    return opened.locator(ROWS).filter(has=opened.get_by_role("link", name=name, exact=True))


def of(name):
    """A bucket's id."""
    return f"{sum(name.encode()):08x}{BUCKET_ID[8:]}"


def from_board(name, **changed):
    return reading(**{"b": name, "tid": of(name), "e": time.time(), **changed})


def test_two_hundred_boards_come_with_one_call_and_what_needs_attention_first(chromium, many):
    with page(chromium) as opened:
        asked = []
        opened.on("request", lambda r: asked.append(r.url.partition("/api/")[2]))
        opened.goto(many.url)
        opened.locator(ROWS).nth(200).wait_for()
        assert not any("/readings" in url or "/signals" in url for url in asked)
        tally = opened.get_by_role("status").filter(has_text="boards").inner_text()
        assert tally == "201 boards: 10 silent, 10 late, 1 without readings yet, 180 online"
        states = opened.locator(".status b").all_inner_texts()
        assert states[:21] == ["silent"] * 10 + ["late"] * 10 + ["online"]
        notes = opened.locator(".note").all_inner_texts()
        assert notes[20:40] == ["lost 8 lately"] * 10 + ["clock is 3 h ahead"] * 10
        first = opened.locator(ROWS).first
        told = r"silent\s+\d+ h ago\s+0\s+none\s+\S\d\d\s+[34][.\d]*\s+1\d\d,\d{3}$"
        assert re.search(told, first.inner_text()), first.inner_text()
        lines = opened.locator(f"{ROWS} path").evaluate_all(
            "(all) => all.filter((p) => p.getBBox().width > 40).length"
        )
        assert lines == 600
        assert opened.evaluate("document.documentElement.scrollWidth") <= 1280


def test_it_is_a_table_with_headers_for_whoever_hears_it(chromium, many):
    for width in (1280, 390):
        with page(chromium, width) as opened:
            opened.goto(many.url)
            opened.locator(ROWS).nth(200).wait_for()
            table = opened.get_by_role("table", name="What needs attention comes first.")
            heads = table.get_by_role("columnheader").all_inner_texts()
            assert [" ".join(text.split()) for text in heads] == [
                "Board", "Status", "Last seen", "Readings a minute", "Dropped", "Signal strength",
                "Battery", "Free heap",
            ]  # fmt: skip
            assert table.get_by_role("rowheader").count() == 201
            assert opened.get_by_role("heading", level=1).inner_text() == "Boards"


def test_a_board_is_opened_by_keyboard_and_by_click(chromium, server, board):
    board.send([from_board("one"), from_board("two")])
    with page(chromium) as opened:
        opened.goto(server.url)
        link = opened.locator(".boards").get_by_role("link", name="two")
        link.wait_for()
        for _ in range(20):
            opened.keyboard.press("Tab")
            if link.evaluate("(e) => e === document.activeElement"):
                break
        opened.keyboard.press("Enter")
        opened.locator("article.card").wait_for()
        assert opened.evaluate("location.href").endswith(f"#b={of('two')}")
        opened.go_back()
        opened.locator(".boards").get_by_role("link", name="one").click()
        opened.wait_for_url(f"**#b={of('one')}")


def test_what_arrives_is_seen_without_a_reload(chromium, server, board):
    board.send([from_board("kitchen", sn="rssi", v=-50)])
    with page(chromium) as opened:
        opened.goto(server.url)
        row(opened, "kitchen").wait_for()
        opened.locator("#link.live").wait_for()
        board.send([from_board("cellar", sn="battery", v=4.1)])
        row(opened, "cellar").get_by_text("4.1").wait_for()
        assert opened.get_by_role("columnheader", name="Battery").is_visible()
        assert not opened.get_by_role("columnheader", name="Free heap").is_visible()
        assert "online" in row(opened, "cellar").inner_text()


def test_rows_keep_their_order_and_the_focus_while_one_is_in_use(chromium, server, board):
    for name in ("a", "b", "c"):
        board.send([from_board(name)])
    trouble = from_board("c", sn="islog.dropped", v=3)
    more = from_board("d", sn="islog.dropped", v=3)
    refresh = "dispatchEvent(new Event('visibilitychange'))"
    with page(chromium) as opened:
        opened.goto(server.url)
        row(opened, "c").wait_for()
        opened.mouse.move(640, 700)
        link = opened.locator(".boards").get_by_role("link", name="b")
        link.focus()
        board.send([trouble, more])
        opened.evaluate("document." + refresh)
        row(opened, "c").get_by_text("lost 3 lately").wait_for()
        row(opened, "d").get_by_text("lost 3 lately").wait_for()
        assert names(opened) == ["a", "b", "c", "d"]
        assert link.evaluate("(e) => e === document.activeElement")
        link.evaluate("(e) => e.blur()")
        row(opened, "a").hover()
        with opened.expect_response("**/api/overview"):
            opened.evaluate("document." + refresh)
        assert names(opened) == ["a", "b", "c", "d"]
        opened.mouse.move(640, 700)
        opened.evaluate("document." + refresh)
        opened.wait_for_function(
            "() => document.querySelector('.boards tbody th').innerText === 'c'"
        )
        assert names(opened) == ["c", "d", "a", "b"]


def test_a_server_that_is_down_leaves_what_was_shown(chromium, server, board):
    board.send([from_board("kitchen")])
    with page(chromium) as opened:
        opened.goto(server.url)
        row(opened, "kitchen").wait_for()
        opened.locator("#link.live").wait_for()
        server.stop()
        opened.locator("#link.down").wait_for()
        assert "kitchen" in row(opened, "kitchen").inner_text()
        server.start()
        board.send([from_board("cellar")])
        row(opened, "cellar").wait_for()


def test_hostile_names_are_text_in_the_overview(chromium, server, board):
    evil = "<img src=x onerror=window.hit=1>"
    board.send([from_board("\u202egpj.\x1b[31m"), from_board(evil, sn="rssi", v=-3)])
    with page(chromium) as opened:
        opened.goto(server.url)
        row(opened, evil).wait_for()
        assert opened.locator("main img").count() == 0
        assert sorted(names(opened))[1] == "\\u{202e}gpj.\\u{1b}[31m"
        assert opened.evaluate("window.hit") is None


# Of each text of the overview, its contrast with what is behind it (WCAG 2, 1.4.3).
CONTRASTS = """() => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const light = (colours) => {
    context.clearRect(0, 0, 1, 1);
    for (const colour of colours) { context.fillStyle = colour; context.fillRect(0, 0, 1, 1); }
    const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].map((v) =>
      v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = {};
  for (const e of document.querySelectorAll('.overview *')) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own && e.tagName !== 'path') continue;
    const behind = [];
    for (let at = e; at; at = at.parentElement)
      behind.unshift(getComputedStyle(at).backgroundColor);
    const style = getComputedStyle(e);
    const [a, b] = [light(behind), light([...behind, own ? style.color : style.stroke])];
    const least = own ? 4.5 : 3;
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < least) found[e.tagName + '.' + e.className] = ratio;
  }
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(chromium, many, scheme):
    with page(chromium, color_scheme=scheme) as opened:
        opened.goto(many.url)
        opened.locator(ROWS).nth(200).wait_for()
        assert opened.evaluate(CONTRASTS) == {}
        opened.locator(ROWS).first.hover()
        assert opened.evaluate(CONTRASTS) == {}


def test_in_forced_colours_each_state_has_a_word_and_a_shape(chromium, many):
    with page(chromium, forced_colors="active") as opened:
        opened.goto(many.url)
        opened.locator(ROWS).nth(200).wait_for()
        shapes = opened.locator(".status b").evaluate_all(
            "(all) => [...new Set(all.map((e) => e.innerText + getComputedStyle(e, '::before')"
            ".content[1]))]"
        )
        assert sorted(shapes) == ["late▲", "no readings yet○", "online●", "silent■"]
        colours = opened.locator(f"{ROWS} path").first.evaluate(
            "(e) => [getComputedStyle(e).stroke, getComputedStyle(document.body).color]"
        )
        assert colours[0] == colours[1]


def test_a_phone_shows_all_of_it_with_targets_that_a_thumb_hits(chromium, many):
    with page(chromium, 390, 844, has_touch=True, is_mobile=True) as opened:
        opened.goto(many.url)
        opened.locator(ROWS).nth(200).wait_for()
        assert opened.evaluate("document.documentElement.scrollWidth") <= 390
        heights = opened.locator(f"{ROWS} a").evaluate_all(
            "(all) => all.map((e) => e.getBoundingClientRect().height)"
        )
        assert min(heights) >= 44
        text = opened.locator(ROWS).first.inner_text()
        assert "silent" in text and "ago" in text
        assert opened.locator(ROWS).first.locator("svg").first.is_visible()
        label = "(e) => getComputedStyle(e, '::before').content"
        assert "Readings a minute" in opened.locator(f"{ROWS} td").nth(2).evaluate(label)

"""The page in a real Chromium: live, zoomed, empty, hostile, far away, and on a phone."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from tools.load import fill
from tools.server import LocalServer

from .browser import greenhouse, page
from .conftest import BUCKET_ID, KEY, reading

CHECKOUT = Path(__file__).parents[2]


def card(opened, name):
    return opened.locator("article.card").filter(has=opened.get_by_text(name, exact=True))


# Whether a chart has drawn its line: some of its canvas has the series' colour.
DRAWN = """(name) => {
  const card = [...document.querySelectorAll('article.card')]
    .find((c) => c.querySelector('h3').textContent === name);
  const canvas = card?.querySelector('canvas');
  if (!canvas || !/\\d/.test(card.querySelector('footer').textContent)) return false;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const [r, g, b] = getComputedStyle(card).getPropertyValue('--c').trim().slice(1)
    .match(/../g).map((h) => parseInt(h, 16));
  let hits = 0;
  for (let i = 0; i < data.length; i += 4)
    if (data[i] === r && data[i + 1] === g && data[i + 2] === b && data[i + 3] > 250) hits++;
  return hits > 50;
}"""


# What there is to press, but in a sentence, and is smaller than a finger.
TARGETS = """() => [...document.querySelectorAll('a, button')]
  .map((e) => [e, e.getBoundingClientRect()])
  .filter(([e, { height }]) => e.checkVisibility() && !e.closest('.skip, p') && height < 44)
  .map(([e]) => e.outerHTML)"""


# What the overview says of a board, beside how long ago it was seen.
VALUES = "[...document.querySelectorAll('.boards td')].slice(2).map((e) => e.innerText)"
OTHER_VALUES = f"(before) => String({VALUES}) !== String(before)"


def test_values_change_during_make_demo_without_a_reload(chromium):
    demo = subprocess.Popen(
        [sys.executable, "-m", "tools.demo", "--seconds", "120"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=CHECKOUT,
    )
    try:
        address = None
        while address is None:
            line = demo.stdout.readline()
            assert line, "the demo has ended"
            address = re.search(r"Live charts: (http://127\.0\.0\.1:\d+/)$", line)
        with page(chromium) as opened:
            opened.goto(address[1])
            opened.evaluate("window.mark = 'not reloaded'")
            link = opened.locator(".boards").get_by_role("link", name="demo")
            link.wait_for()
            opened.wait_for_function(OTHER_VALUES, arg=opened.evaluate(VALUES))
            link.click()
            uptime = card(opened, "uptime").locator(".now")
            before = int(uptime.inner_text().replace(",", ""))
            opened.wait_for_function(
                "(b) => [...document.querySelectorAll('article.card')].some((c) => "
                "c.querySelector('h3').textContent === 'uptime' && "
                "+c.querySelector('.now').textContent.replace(',', '') > b + 2)",
                arg=before,
            )
            opened.wait_for_function(DRAWN, arg="uptime")
            assert card(opened, "temperature").locator(".now").inner_text()
            assert opened.locator("#link").inner_text() == "live"
            assert opened.evaluate("window.mark") == "not reloaded"
    finally:
        demo.send_signal(signal.SIGINT)
        said = demo.communicate(timeout=60)[0]
    assert demo.returncode == 0 and ", lost 0," in said, said


def test_a_chart_is_hovered_zoomed_and_unzoomed(chromium, server):
    bucket = greenhouse(server.store)
    with page(chromium) as opened:
        opened.goto(f"{server.url}/#b={bucket}")
        card(opened, "temperature").scroll_into_view_if_needed()
        opened.wait_for_function(DRAWN, arg="temperature")
        over = card(opened, "temperature").locator(".u-over")
        box = over.bounding_box()
        y = box["y"] + box["height"] / 2
        opened.mouse.move(box["x"] + 0.8 * box["width"], y)
        tip = card(opened, "temperature").locator(".tip")
        assert re.search(r"\d\d\.\d+ +\d\d:\d\d", tip.inner_text())
        opened.mouse.move(box["x"] + 0.3 * box["width"], y)
        opened.mouse.down()
        opened.mouse.move(box["x"] + 0.4 * box["width"], y, steps=3)
        with opened.expect_request(lambda r: "signal=temperature" in r.url) as asked:
            opened.mouse.up()
        span = re.search(r"from=([\d.]+)&to=([\d.]+)", asked.value.url)
        assert abs(float(span[2]) - float(span[1]) - 360) < 15  # a tenth of the hour
        assert re.search(
            r"\d\d:\d\d:\d\d to \d\d:\d\d:\d\d", opened.locator(".zoomed").inner_text()
        )
        opened.wait_for_function(
            "() => document.querySelector('article footer').innerText.match(/^\\D*7[1-4] reading/)"
        )
        export = opened.get_by_text("Export CSV").get_attribute("href")
        shown = re.search(r"from=([\d.]+)&", export)
        assert abs(float(shown[1]) - float(span[1])) < 1
        over.dblclick()
        opened.locator(".zoomed").wait_for(state="hidden")
        opened.get_by_role("button", name="All").click()
        opened.wait_for_function(
            "() => [...document.querySelectorAll('footer')]"
            ".some((f) => /1,7\\d\\d re/.test(f.innerText))"
        )
        assert "1, up to 7 min" in opened.locator(".facts").inner_text()


def test_the_empty_state_says_how_to_connect_and_ends_by_itself(chromium, board, server):
    server.config_file = "/somewhere/config.json"
    with page(chromium) as opened:
        opened.goto(server.url)
        opened.locator("summary").click()
        text = opened.locator(".start").inner_text()
        assert "No readings yet" in text and "/somewhere/config.json" in text
        assert "make config" in text and "beside main.py" not in text
        assert f":{server.port}/batch_logs" in text and f":{server.ntp_port}" in text
        assert KEY not in opened.content()
        board.create_bucket()
        board.send([reading(e=time.time())])
        opened.get_by_role("heading", name="Boards").wait_for()
        opened.locator("#buckets a").nth(1).click()
        assert card(opened, "t").locator(".now").inner_text() == "21.5"
        opened.goto(server.url + "/#connect")
        opened.get_by_text("make flash").wait_for()


def test_hostile_names_and_values_are_shown_as_text(chromium, server, board):
    evil = "<script>window.hit=1</script><img src=x onerror=window.hit=2>"
    now = time.time()
    board.create_bucket(bucketName=evil)
    board.send([reading(b=evil, sn=evil, v=v, e=now - i) for i, v in enumerate([evil, 3, 4])])
    board.send([reading(b=evil, sn="\x1b[31m\u202eabc", v="\x1b]0;x\x07\u2028", e=now)])
    with page(chromium) as opened:
        opened.goto(f"{server.url}/#b={BUCKET_ID}")
        opened.locator("article.card").first.wait_for()
        assert opened.locator("h1").inner_text() == evil
        assert card(opened, evil).locator("td").nth(1).inner_text() == evil
        assert card(opened, evil).locator(".now").inner_text() == evil
        shown = card(opened, "\\u{1b}[31m\\u{202e}abc").locator("td").nth(1).inner_text()
        assert shown == "\\u{1b}]0;x\\u{7}\\u{2028}"
        assert opened.locator("main script, main img").count() == 0
        assert opened.evaluate("window.hit") is None


def test_an_outage_is_shown_and_made_up_for(chromium, server, board):
    board.send([reading(e=time.time() - 9 + i, v=i) for i in range(5)])
    with page(chromium) as opened:
        opened.goto(f"{server.url}/#b={BUCKET_ID}")
        opened.locator("#link.live").wait_for()
        server.stop()
        opened.locator("#link.down").wait_for()
        server.start()
        board.send([reading(e=time.time(), v=77)])
        opened.locator("#link.live").wait_for()
        opened.wait_for_function(
            "() => document.querySelector('.now').textContent === '77' && "
            "document.querySelector('footer').innerText.includes('6 readings')"
        )


def test_a_chart_of_very_many_readings_is_drawn_from_few(chromium, tmp_path):
    """How long a million take is for `make load` to measure."""
    fill(tmp_path / "r.db", 200_000)
    answered = []
    with LocalServer(key=KEY, db=str(tmp_path / "r.db")) as server, page(chromium) as opened:
        opened.on("requestfinished", lambda r: answered.append(r) if "/api/b" in r.url else None)
        opened.goto(server.url)
        opened.locator("#buckets a").nth(1).click()
        opened.locator("article.card .now").wait_for()
        opened.wait_for_function(DRAWN, arg="temperature")
        opened.get_by_role("button", name="All").click()
        opened.wait_for_function(
            "() => document.querySelector('footer').innerText.includes('200,000 read')"
        )
        opened.wait_for_function(DRAWN, arg="temperature")
        sizes = {r.url: r.sizes()["responseBodySize"] for r in answered}
    assert any("signal=temperature" in url for url in sizes) and max(sizes.values()) < 200_000


def test_a_phone_sees_all_of_it(chromium, server, board):
    greenhouse(server.store)
    board.send([reading(b="w" * 200, sn="s" * 100, v="v" * 900, e=time.time())])
    for path in ("/", "/#connect", f"/#b={BUCKET_ID}"):
        with page(chromium, 390, 844, has_touch=True, is_mobile=True) as opened:
            opened.goto(server.url + path)
            opened.locator("h1").first.wait_for()
            assert opened.evaluate("document.documentElement.scrollWidth") <= 390
            assert opened.get_by_role("link", name="Connect a board").is_visible()
            assert opened.evaluate(TARGETS) == []


def test_themes_follow_the_system_or_the_choice(chromium, server):
    with page(chromium, color_scheme="dark") as opened:
        opened.goto(server.url)
        colour = "() => getComputedStyle(document.body).backgroundColor"
        dark = opened.evaluate(colour)
        opened.locator("#theme").click()
        assert opened.locator("#theme").inner_text() == "Theme: light"
        assert opened.evaluate(colour) != dark
        opened.reload()
        assert opened.locator("#theme").inner_text() == "Theme: light"

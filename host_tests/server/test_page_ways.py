"""Ways about the page: by its address, the browser's way back, the keyboard, and by ear."""

import re
import time

import pytest

from tools import wasm

from .browser import greenhouse, page
from .conftest import BUCKET_ID, reading
from .test_page import DRAWN, card

OTHER = BUCKET_ID.replace("0", "1")


def heading(opened, text):
    opened.locator("h1", has_text=re.compile(f"^{text}$")).wait_for()


def pressed(opened):
    return opened.locator(".choice [aria-pressed=true]").inner_text()


def focused(opened):
    return opened.evaluate("document.activeElement.innerText")


def test_bucket_range_and_zoom_are_in_the_address_and_the_way_back_works(chromium, server, board):
    bucket = greenhouse(server.store)
    with page(chromium) as opened:
        opened.goto(server.url)
        heading(opened, "Boards")
        opened.get_by_role("navigation", name="Buckets").get_by_text("greenhouse").click()
        heading(opened, "greenhouse")
        assert pressed(opened) == "Hour"
        opened.get_by_role("button", name="Day").click()
        assert (
            opened.evaluate("location.href").endswith(f"#b={bucket}&range=day")
            and pressed(opened) == "Day"
        )
        opened.reload()
        heading(opened, "greenhouse")
        assert pressed(opened) == "Day"
        opened.wait_for_function(DRAWN, arg="humidity")
        before = opened.evaluate("history.length")
        board.send([reading(tid=bucket, b="greenhouse", sn="humidity", v=1, e=time.time())])
        opened.wait_for_function("() => document.querySelector('main').innerText.includes('1 to')")
        assert opened.evaluate("history.length") == before
        card(opened, "humidity").locator(".plot").focus()
        opened.keyboard.press("+")
        opened.locator(".zoomed").wait_for()
        zoomed = opened.locator(".zoomed").inner_text()
        assert re.search(r"range=day&from=[\d.]+&to=[\d.]+$", opened.evaluate("location.href"))
        opened.reload()
        opened.locator(".zoomed").wait_for()
        assert opened.locator(".zoomed").inner_text() == zoomed
        for range_ in ("Day", "Hour"):
            opened.go_back()
            opened.wait_for_function(
                "(name) => document.querySelector('[aria-pressed=true]')?.innerText === name",
                arg=range_,
            )
        opened.go_back()
        heading(opened, "Boards")
        opened.go_forward()
        heading(opened, "greenhouse")
        opened.get_by_role("link", name="Connect a board").click()
        heading(opened, "Connect a board")
        opened.go_back()
        heading(opened, "greenhouse")


def test_an_address_that_makes_no_sense_is_no_trouble(chromium, server, board):
    board.send([reading(e=time.time())])
    for rest in ("&range=year", "&from=x&to=y", "&from=9&to=1", "&from=1e999&to=2e999", "&=&%"):
        with page(chromium) as opened:
            opened.goto(f"{server.url}/#b={BUCKET_ID}{rest}")
            heading(opened, "kitchen")
            assert pressed(opened) == "Hour"


def test_an_unknown_bucket_is_said_to_be_none_until_it_is_there(chromium, server, board):
    board.send([reading(e=time.time())])
    with page(chromium) as opened:
        opened.goto(f"{server.url}/#b={OTHER}")
        heading(opened, f"There is no bucket {OTHER}")
        assert opened.locator("article.card").count() == 0
        assert opened.locator("#buckets [aria-current]").count() == 0
        board.send([reading(tid=OTHER, b="attic", e=time.time())])
        heading(opened, "attic")
        opened.goto(f"{server.url}/#b=%3Cb%3E")
        heading(opened, "There is no bucket <b>")
        opened.get_by_role("main").get_by_role("link", name="All boards").click()
        heading(opened, "Boards")


def test_what_is_chosen_while_the_server_is_down_is_shown_once_it_is_back(chromium, server, board):
    board.send([reading(e=time.time()), reading(tid=OTHER, b="attic", v=3, e=time.time())])
    with page(chromium) as opened:
        opened.goto(f"{server.url}/#b={BUCKET_ID}")
        opened.locator("#link.live").wait_for()
        opened.wait_for_function("() => document.querySelector('footer')?.innerText")
        server.stop()
        opened.locator("#link.down").wait_for()
        opened.get_by_text("The server has not answered since").wait_for()
        opened.locator("#buckets").get_by_text("attic").click()
        opened.get_by_text("The server does not answer: “attic” is shown once it is").wait_for()
        assert opened.locator("h1").inner_text() == "kitchen"
        assert card(opened, "t").locator(".now").inner_text() == "21.5"
        server.start()
        heading(opened, "attic")
        assert opened.locator("#notice").inner_text() == ""
        assert card(opened, "t").locator(".now").inner_text() == "3"


def test_live_updates_leave_the_focus_where_it_is(chromium, server, board):
    board.send([reading(e=time.time() - 90), reading(tid=OTHER, b="attic", v=3, e=time.time())])
    with page(chromium) as opened:
        opened.goto(f"{server.url}/#b={BUCKET_ID}")
        places = (
            opened.get_by_role("button", name="Day"),
            opened.locator("#buckets a", has_text="attic"),
        )
        for i, place in enumerate(places, 1):
            place.focus()
            new = BUCKET_ID.replace("2", str(i + 4))
            assert board.send([reading(tid=new, b=f"a {i}", e=time.time())])[0] == 204
            board.send([reading(v=i, e=time.time())])
            opened.locator("#buckets a", has_text=f"a {i}").wait_for()
            opened.wait_for_function(
                "(v) => document.querySelector('.now').innerText === v", arg=str(i)
            )
            assert place.evaluate("(e) => e === document.activeElement")


def test_a_chart_is_read_zoomed_and_moved_by_keys(chromium, server, board):
    now = time.time()
    # Until 1000 s ago, with a gap.
    times = [now - 3000 + 10 * i for i in range(200) if not 100 <= i < 150]
    board.send([reading(v=i, e=e) for i, e in enumerate(times)])
    with page(chromium) as opened:
        opened.goto(f"{server.url}/#b={BUCKET_ID}")
        opened.wait_for_function(DRAWN, arg="t")
        chart = opened.get_by_role("slider", name="Chart of t")
        said = lambda: chart.get_attribute("aria-valuetext")  # noqa: E731
        opened.get_by_role("button", name="All").focus()
        while not chart.evaluate("(e) => e === document.activeElement"):
            opened.keyboard.press("Tab")
        assert re.match(r"149, \d\d:\d\d:\d\d$", said())
        tip = card(opened, "t").locator(".tip")
        assert tip.inner_text().startswith("149")
        opened.keyboard.press("ArrowLeft")
        assert said().startswith("148, ") and tip.inner_text().startswith("148")
        opened.keyboard.press("Home")
        assert said().startswith("0, ")
        for _ in range(10):
            opened.keyboard.press("PageDown")
        assert re.match(r"100, .*, after a gap of 9 min$", said())
        # What arrives leaves the reader where they are.
        board.send([reading(v=500, e=time.time())])
        opened.wait_for_function("() => document.querySelector('.now').innerText === '500'")
        assert said().startswith("100, ")

        def ends():
            address = opened.evaluate("location.href")
            return [float(end) for end in re.search(r"from=(.*)&to=(.*)", address).groups()]

        opened.keyboard.press("+")
        opened.locator(".zoomed").wait_for()
        first = ends()
        opened.keyboard.press("+")
        second = ends()
        assert second[1] - second[0] == pytest.approx((first[1] - first[0]) / 2, rel=0.01)
        assert second[0] < times[100] < second[1] and said().startswith("100, ")
        opened.keyboard.press("Shift+ArrowLeft")
        moved = ends()
        assert moved[0] - second[0] == pytest.approx(-(second[1] - second[0]) / 4, rel=0.01)
        opened.keyboard.press("-")
        assert ends()[1] - ends()[0] == pytest.approx(2 * (moved[1] - moved[0]), rel=0.01)
        opened.locator(".zoomed").focus()
        opened.keyboard.press("Enter")
        opened.locator(".zoomed").wait_for(state="hidden")
        assert focused(opened) == "Hour"
        chart.focus()
        opened.keyboard.press("+")
        opened.locator(".zoomed").wait_for()
        opened.keyboard.press("Escape")
        opened.locator(".zoomed").wait_for(state="hidden")
        assert pressed(opened) == "Hour"
        assert chart.evaluate("(e) => e === document.activeElement")
        hint = opened.locator(f"#{chart.get_attribute('aria-describedby')}").inner_text()
        assert "Esc" in hint and "Shift" in hint


def test_the_keyboard_skips_to_the_readings(chromium, server, board):
    board.send([reading(e=time.time())])
    with page(chromium) as opened:
        opened.goto(f"{server.url}/#b={BUCKET_ID}")
        heading(opened, "kitchen")
        opened.keyboard.press("Tab")
        assert focused(opened) == "Skip to the readings"
        opened.keyboard.press("Enter")
        assert opened.evaluate("document.activeElement.id") == "main"
        heading(opened, "kitchen")
        opened.get_by_role("link", name="Connect a board").focus()
        opened.keyboard.press("Enter")
        heading(opened, "Connect a board")


def test_forced_colours_tell_what_is_pressed_and_current(chromium, server, board):
    board.send([reading(e=time.time()), reading(tid=OTHER, b="attic", e=time.time())])
    with page(chromium, forced_colors="active") as opened:
        opened.goto(f"{server.url}/#b={BUCKET_ID}")
        opened.wait_for_function(DRAWN_IN_ANY_COLOUR)
        colours = opened.evaluate(
            "() => [...document.querySelectorAll('.choice button, #buckets a')].map((e) => "
            "[e.matches('[aria-pressed=true], [aria-current]'), "
            "getComputedStyle(e).backgroundColor])"
        )
        marked = {colour for of_it, colour in colours if of_it}
        others = {colour for of_it, colour in colours if not of_it}
        assert len(marked) == 1 and not marked & others


DRAWN_IN_ANY_COLOUR = """() => {
  const canvas = document.querySelector('canvas');
  const all = canvas?.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  return all?.some((v) => v > 0);
}"""


# What is wrong with the page, by axe; `rules`: in place of all. (Swagger UI's own part of the API
# page left out: it is not ours.)
AXE = """async (rules) => {
  const found = await axe.run({ exclude: [['#api']] },
    { resultTypes: ['violations'], ...(rules && { runOnly: { type: 'rule', values: rules } }) });
  return found.violations.map((v) => [v.id, v.nodes[0].html]);
}"""
OF_COLOUR = ["color-contrast", "link-in-text-block"]
ALL_SHOWN = """() => [...document.querySelectorAll('article footer')]
  .every((f) => f.innerText.includes('reading'))"""


@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(chromium, server, board, width):
    wasm.install()
    bucket = greenhouse(server.store)
    now = time.time()
    board.send([reading(sn=n, v=v, e=now - 9e5) for n, v in (("t", 1), ("note", "x"))])
    options = {"has_touch": True, "is_mobile": True} if width < 500 else {}
    places = (
        ("/", "Boards"), (f"/#b={bucket}", "greenhouse"), (f"/#b={BUCKET_ID}", "kitchen"),
        (f"/#b={bucket}&from={now - 900}&to={now}", "greenhouse"),
        ("/#b=none", "There is no bucket none"), ("/#connect", "Connect a board"), ("/api", ""),
    )  # fmt: skip
    with page(chromium, width, **options) as opened:
        for place, title in places:
            opened.goto(server.url + place)
            if title:
                heading(opened, title)
                opened.wait_for_function(ALL_SHOWN)
            else:
                opened.locator(".opblock").first.wait_for()
            assert opened.locator(".zoomed").is_visible() == ("from" in place)
            if opened.evaluate("typeof axe") == "undefined":
                opened.evaluate(wasm.AXE.read_text())
            assert opened.evaluate(AXE) == [], place
            opened.emulate_media(color_scheme="dark")
            assert opened.evaluate(AXE, OF_COLOUR) == [], (place, "dark")
            opened.emulate_media(color_scheme="light")

"""The page beside the charts: what a newcomer sees, and the API page."""

import pytest

from .browser import page

GROUND = "() => getComputedStyle(document.body).backgroundColor"
# The lightness of what Swagger UI writes its headings with.
HEADING = "() => getComputedStyle(document.querySelector('.opblock-tag')).color"


def light(colour):
    return sum(int(part) for part in colour.strip("rgba()").split(",")[:3]) > 3 * 128


@pytest.mark.parametrize("system, other", [("light", "dark"), ("dark", "light")])
def test_the_api_page_is_whole_has_the_pages_theme_and_a_way_back(chromium, server, system, other):
    with page(chromium, color_scheme=system) as opened:
        opened.goto(server.url)
        opened.locator("#link.live").wait_for()
        for chosen, is_dark in (("auto", system == "dark"), (other, other == "dark")):
            while opened.locator("#theme").inner_text() != f"Theme: {chosen}":
                opened.locator("#theme").click()
            ground = opened.evaluate(GROUND)
            opened.get_by_role("link", name="API").click()
            opened.get_by_text("/api/buckets/{bucket_id}/readings").wait_for()
            assert opened.locator(".opblock").count() == 12
            assert opened.evaluate(GROUND) == ground and light(ground) != is_dark
            assert light(opened.evaluate(HEADING)) == is_dark
            opened.get_by_role("link", name="Back to the boards").click()
            opened.locator("#link.live").wait_for()


def test_without_scripts_the_api_page_says_where_its_content_is(chromium, server):
    with page(chromium, java_script_enabled=False) as opened:
        opened.goto(server.url + "/api")
        assert "needs JavaScript" in opened.locator("body").inner_text()
        for link in opened.locator("noscript a").all():
            assert opened.request.get(server.url + link.get_attribute("href")).json() is not None


def test_a_newcomer_is_led_by_keyboard_and_the_demo_is_told_truly(chromium, server):
    server.config_file = "/somewhere/local/config.json"
    with page(chromium) as opened:
        opened.context.grant_permissions(["clipboard-read", "clipboard-write"])
        opened.goto(server.url)
        opened.locator(".start").wait_for()
        codes = opened.locator(".start pre").all_inner_texts()
        assert codes[:4] == [
            'make serve ARGS="--host 0.0.0.0"', "make config", "make flash", "make demo",
        ]  # fmt: skip
        assert "a server of its own, not to this one" in opened.locator(".aside").inner_text()
        reached = set()
        for _ in range(40):
            opened.keyboard.press("Tab")
            here = opened.evaluate(
                "() => (document.activeElement.getAttribute('aria-label')"
                " ?? document.activeElement.textContent).trim()"
            )
            reached.add(here)
            if here == "Copy make config":
                opened.keyboard.press("Enter")
                opened.get_by_role("button", name="Copied make config").wait_for()
        assert {
            *codes[:4],
            "Copy make demo",
            "What config.json says, to write it by hand",
        } <= reached
        assert opened.evaluate("navigator.clipboard.readText()") == "make config"


def test_a_thumb_hits_the_newcomers_buttons(chromium, server):
    with page(chromium, 390, 844, has_touch=True, is_mobile=True) as opened:
        opened.goto(server.url)
        opened.locator(".start summary").click()
        sizes = opened.locator(".start :is(button, summary)").evaluate_all(
            "(all) => all.map((e) => e.getBoundingClientRect()).map((b) => [b.width, b.height])"
        )
        assert len(sizes) == 6 and min(min(size) for size in sizes) >= 44
        assert opened.evaluate("document.documentElement.scrollWidth") <= 390

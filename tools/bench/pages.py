"""The pages whose figures a command writes: between a mark and its end, once each in a page."""

from .measure import ROOT, BenchError


def around(page, mark):
    """What a page has before the figures, with the mark, and after them, with its end."""
    text = (ROOT / page).read_text("utf-8")
    begin, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise BenchError(f"{page} needs {begin} and, below it, {end}, once each.")
    return text[: text.index(begin) + len(begin)], text[text.index(end) :]


def write(page, mark, figures):
    before, after = around(page, mark)
    (ROOT / page).write_text(f"{before}\n{figures}\n{after}", "utf-8")

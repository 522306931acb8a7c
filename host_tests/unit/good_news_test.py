"""Which sentences are good news is told by the source (Logger._say), for a PC that reads what a
board prints; docs/troubleshooting.md has the same ones as those of a board that is well."""

import re

import pytest

from tools.device.sentences import formats, no_trouble
from tools.interpreter import ROOT


def test_the_good_news_of_the_source_is_what_the_docs_say_of_a_board_that_is_well():
    text = (ROOT / "docs/troubleshooting.md").read_text("utf-8")
    _, _, table = text.partition("## What islog says when all is well\n")
    told = re.findall(r"^\| `(.+?)` \|", table.partition("\n## ")[0], re.M)
    assert len(told) == len(formats()) == 5
    for sentence in told:
        assert no_trouble().fullmatch(sentence), sentence


@pytest.mark.parametrize(
    ("call", "news"),
    [
        ('self._say("all is well")', ["all is well"]),
        ('self._say("all of %s is well" % name)', ["all of %s is well"]),
        ('print("islog:", "all is well")', ["all is well"]),
        ("self._say(sentence)", []),
        ('self._say("no number was there", True)', []),
        ('self._say("no number was there", anew=True)', []),
        ('print("islog:", "no number was there", why)', []),
        ('print("all is well")', []),
        ('self._on_trouble("no number was there")', []),
        ("self._say()", []),
    ],
)
def test_good_news_is_one_literal_that_is_said_and_no_trouble(call, news, tmp_path):
    (tmp_path / "logger.py").write_text(call + "\n")
    assert formats(tmp_path) == news

"""Which sentences are good news is told by the source (Logger._say), for a PC that reads what a
board prints; docs/troubleshooting.md has the same ones as those of a board that is well."""

import ast
import re

from tools.interpreter import FIRMWARE, ROOT


def good_news():
    """The literals that are passed to _say() alone, or printed."""
    found = set()
    for path in (FIRMWARE / "islog").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            said = node.args[-1:]
            if getattr(node.func, "attr", None) == "_say":
                said = said if len(node.args) == 1 else []
            elif getattr(node.func, "id", None) != "print":
                continue
            for text in said:
                text = text.left if isinstance(text, ast.BinOp) else text
                if isinstance(text, ast.Constant):
                    found.add(text.value)
    return found


def test_the_good_news_of_the_source_is_what_the_docs_say_of_a_board_that_is_well():
    text = (ROOT / "docs/troubleshooting.md").read_text("utf-8")
    _, _, table = text.partition("## What islog says when all is well\n")
    told = re.findall(r"^\| `(.+?)` \|", table.partition("\n## ")[0], re.M)
    patterns = [re.escape(news).replace("%s", ".+") for news in good_news()]
    assert len(told) == len(patterns) == 5
    for sentence in told:
        assert sum(bool(re.fullmatch(pattern, sentence)) for pattern in patterns) == 1, sentence

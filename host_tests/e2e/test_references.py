"""What the project names in words is there: the links of its pages, and each file and folder of
its own that a page, a comment, a docstring or a message names.

A name may be a path from the root, from the folder of the text, or the end of a path
(`device/naive.py`, `ring.py`). Names of files that are not the project's own are in OTHERS.
"""

import ast
import io
import os
import re
import tokenize
from pathlib import Path

from tools.settings import ROOT

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
# Brought in or made by the tools.
NOT_OURS = {".git", ".venv", ".cache", "node_modules", "build", "local", "spool", "__pycache__"}
# A file's name with or without its folders, or a folder below one of the project's own. What has
# a glob's sign or a placeholder in it is no name.
FILE = re.compile(r"(?<![\w/.*<>{}\\-])(?:[\w.-]+/)*[\w-]+\.(?:md|pyi?)\b(?![\w*(/])")
FOLDER = re.compile(
    r"(?<![\w/.*<>{}\\-])(?:firmware|tools|host_tests|docs|examples)(?:/[\w.-]*\w)+(?![*<{\w])"
)
WHOLE = (".md", ".js", ".css", ".html")  # read from the first line to the last
HASHES = ("", ".toml", ".yml", ".yaml")  # of these (Makefile, scripts) the comments
# Named, and not in this project: {name: whose it is}.
OTHERS = {
    "program.py": "the reader's own",
    "hashlib.py": "a file on a board that hides a module of MicroPython's",
    "random.py": "the same",
    "_boot.py": "MicroPython: ports/rp2/modules",
    "tools/manifestfile.py": "MicroPython",
    "manifestfile.py": "the same",
    "tools/makemanifest.py": "MicroPython",
    "makemanifest.py": "the same",
    "tools/mpy-tool.py": "MicroPython",
    "mpy-tool.py": "the same",
    "ports/rp2/README.md": "MicroPython",
    "ports/esp32/README.md": "MicroPython",
    "python-ecosys/requests/requests/__init__.py": "micropython-lib",
}


def files():
    """All files of the project, as paths from its root."""
    found = []
    for base, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in NOT_OURS]
        found += [Path(base, name).relative_to(ROOT) for name in names]
    return sorted(found)


def texts(path):
    """[(line, text)]: where a file speaks to a reader."""
    if path.suffix not in WHOLE + HASHES + (".py", ".pyi"):
        return []
    source = (ROOT / path).read_text("utf-8")
    lines = list(enumerate(source.splitlines(), 1))
    if path.suffix in WHOLE:
        return lines
    if path.suffix in HASHES:
        return [(n, line.partition("#")[2]) for n, line in lines]
    found = [
        (token.start[0], token.string)
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    ]
    nodes = list(ast.walk(ast.parse(source)))
    docstrings = {node.value for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            # Of other texts in code, what sends a reader to a page.
            pages = " ".join(re.findall(r"docs/\w+\.md", node.value))
            found.append((node.lineno, node.value if node in docstrings else pages))
    return found


def missing(text, there):
    """The names in a text that no path in `there` has or ends with."""
    names = dict.fromkeys(FILE.findall(text) + FOLDER.findall(text))
    wanted = [
        name.lstrip("./")
        for name in names
        if name not in OTHERS and not NOT_OURS & set(name.split("/"))
    ]
    ends = [f"/{path}" for path in there]
    return [name for name in wanted if not any(end.endswith("/" + name) for end in ends)]


def test_a_name_that_leads_nowhere_is_found():
    there = ["docs/api.md", "docs", "tools/bench/report.py", "tools/bench", "tools"]
    text = """See design.md, docs/api.md, `bench/report.py`, tools/nowhere.py and tools/gone/;
    not tools/*.py, http://example.com/page.md or tools/{name}.py."""
    assert missing(text, there) == ["design.md", "tools/nowhere.py", "tools/gone"]


def test_each_file_that_is_named_is_there():
    found = files()
    there = {str(path) for path in found} | {str(up) for path in found for up in path.parents}
    wrong = [
        f"{path}:{line} names {name}"
        for path in found
        if "test_references" not in path.name
        for line, text in texts(path)
        for name in missing(text, there)
    ]
    assert not wrong, "\n".join(wrong)


def slug(title):
    """The anchor that GitHub gives a title."""
    return re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")


def test_links_lead_somewhere():
    for page in [ROOT / path for path in files() if path.suffix == ".md"]:
        text = BLOCK.sub("", page.read_text("utf-8"))
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            if link.startswith(("http:", "https:")):
                continue
            path, _, anchor = link.partition("#")
            target = page.parent / path if path else page
            assert target.exists(), f"{page.relative_to(ROOT)} links to {link}"
            if anchor:
                titles = re.findall(r"^#+ (.*)", target.read_text("utf-8"), re.M)
                assert anchor in map(slug, titles), f"{page.relative_to(ROOT)} links to {link}"

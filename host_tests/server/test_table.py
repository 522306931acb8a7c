"""What a spreadsheet makes of an exported table: no cell is a formula."""

import csv
import io
import json

from tools import table

from .conftest import BUCKET_ID, reading
from .test_readback import BASE, get, of

FORMULAS = [
    "=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "\n=1",
    '=HYPERLINK("http://evil.example","x")',
]  # fmt: skip
PLAIN = ["1=1", "a-b", " x", "'=1", "", "1.5", "°C"]
NUMBERS = [-5, -0.5, 7, 1e-7, True]


def test_a_text_or_a_name_is_no_formula_and_a_number_stays_one(server, board):
    values = [*FORMULAS, *PLAIN, *NUMBERS]
    board.send([reading(v=v, e=BASE + i) for i, v in enumerate(values)])
    board.send([reading(sn=name, v=1, e=BASE) for name in FORMULAS])
    text = get(server, of(BUCKET_ID, "export.csv"))[2]
    rows = list(csv.reader(io.StringIO(text, newline="")))[1:]
    found = [row[3] for row in rows[: len(values)]]
    assert found == [*("'" + f for f in FORMULAS), *PLAIN, *map(json.dumps, NUMBERS)]
    assert [row[2] for row in rows[len(values) :]] == ["'" + name for name in FORMULAS]
    lines = get(server, of(BUCKET_ID, "export.jsonl"))[2].split("\n")[:-1]
    assert [json.loads(line)["value"] for line in lines[: len(values)]] == values


def test_the_same_writer_makes_the_table_of_a_spool():
    out = io.StringIO()
    row = table.writer(out)
    row(None, "-t", "=1", True)
    row("1700000000", "t", "-5", False)
    assert out.getvalue().splitlines()[1:] == [
        ",,'-t,'=1",
        "2023-11-14T22:13:20.000Z,1700000000,t,-5",
    ]

"""What is wrong with a config.json is told with its line; what is odd and harmless is read."""

from configs import FILE, edited, from_file
from islog import config_parser


def test_what_is_wrong_with_a_file_is_told_with_its_place():
    for old, new, said in (
        ("{\n    ", "{\n    // from the account page\n", "line 2, column 5 has a comment"),
        ('"quiet"', '# not yet\n"quiet"', "line 7, column 5 has a comment"),
        ('"greenhouse"', "\u201cgreenhouse\u201d", "line 3, column 20 has curly quotes"),
        ('"greenhouse"', "'greenhouse'", "line 3, column 20 has single quotes"),
        (
            '"greenhouse"',
            "greenhouse",
            "line 3, column 20 has something that is not in double quotes",
        ),
        ('greenhouse"', "greenhouse", "line 3, column 20 has a text without its closing quote"),
        ("true", "True", "line 7, column 14 has a word that is Python's"),
        ("true", "", "line 8, column 1 ends a name without a value"),
        ("secret-key", "secret\\-key", "line 2, column 27 has a \\ that stands for nothing"),
        ("secret-key", "\\u12", "line 2, column 21 has a \\u that is not followed by four"),
        ("greenhouse", "\\ud83c house", "line 3, column 20 has half a character"),
        ("greenhouse", "\\udf21\\ud83c", "line 3, column 20 has half a character"),
        ("}\n    ],", "}\n    ,", "line 8, column 2 ends where a closing bracket is missing"),
        ("true\n}\n", "true\n", "line 7, column 18 ends where a closing bracket is missing"),
        ("true\n}\n", "true\n}\n}\n", "line 9, column 1 has something behind the end"),
        ("{\n    ", "}{\n    ", "line 1, column 1 begins with a bracket that closes"),
        ("true", "true, [1]: 2", "line 7, column 20 has a value where a name"),
        ("true", "1.2.3", "line 7, column 14 has something"),
    ):
        assert said in edited(old, new), (old, edited(old, new))
    for content, said in (
        (b"", "is empty"),
        (bytes(4096), "is empty"),
        (b"\xef\xbb\xbf\r\n", "is empty"),
        (b"\xff\xfe{\0}\0", "save it as UTF-8"),
        (b"{\0\n\0}\0", "save it as UTF-8"),
        (
            FILE.replace("home", "caf#").encode().replace(b"#", b"\xe9"),
            "UTF-8, see line 5, column 22",
        ),
        (b"[]", "must be a JSON object"),
        (b'"{}"', "must be a JSON object"),
        (b"\\", "line 1, column 1 has something"),
    ):
        assert said in from_file(content), content


def test_a_column_counts_characters_as_an_editor_does():
    for before, column in (
        ("greenhouse", 34),
        ("Gew\u00e4chshaus", 35),
        ("\U0001f321 \u20ac", 27),
    ):
        text = FILE.replace('greenhouse",', before + '", /')
        assert "line 3, column %d has a comment" % column in from_file(text.encode()), text
        bad = text.encode().replace(b" /", b" \xe2\x82")
        assert "see line 3, column %d: save it so" % column in from_file(bad), text
    bad = FILE.replace("greenhouse", "ab#").encode().replace(b"#", b"\xef\xbf")
    assert "see line 3, column 23: save it so" in from_file(bad)
    marked = b"\xef\xbb\xbf{//\r\n" + FILE[1:].encode()
    assert "line 1, column 2 has a comment" in from_file(marked)


def test_what_cannot_be_seen_or_tells_quotes_apart_is_named():
    for old, new, said in (
        ("true", "\u00a0true", "line 7, column 14 has an invisible character"),
        ("true", "\u200btrue", "line 7, column 14 has an invisible character"),
        ("{\n    ", "{\n    \ufeff", "line 2, column 5 has an invisible character"),
        ('"home"', "\u2018home\u2019", "line 5, column 18 has curly quotes"),
        ('"home"', "\u201fhome\u201d", "line 5, column 18 has curly quotes"),
        ('"home"', '"ho\u00a0me\u200b\u2019"', None),
    ):
        found = edited(old, new)
        assert said in found if said else found["wifi"], (new, found)


def test_an_escaped_emoji_is_the_same_as_the_emoji_itself():
    for escaped, text in (
        (r"\ud83c\udf21 house", "\U0001f321 house"),
        (r"\uD83C\uDF21\ud83c\udf1e\\", "\U0001f321\U0001f31e\\"),
        (r"Gr\u00fcn \u20ac\/\u0022\"", 'Grün €/""'),
        ("\U0001f321 €\\n".replace("\\n", r"\\n"), "\U0001f321 €\\n"),
    ):
        assert edited("greenhouse", escaped)["bucket_name"].encode() == text.encode()
    assert edited("home", r"\ud83c\udf21")["wifi"][0]["ssid"].encode() == b"\xf0\x9f\x8c\xa1"


def test_a_name_that_is_there_twice_is_told_and_the_later_one_counts():
    found, twice = config_parser.parse(b'{"a": 1, "b": {"c": [], "c": -2.5e3}, "a": "x"}')
    assert found == {"a": "x", "b": {"c": -2500.0}} and twice == ["c", "a"]
    assert config_parser.parse(b'{"a": {"b": 1}, "b": 2}') == ({"a": {"b": 1}, "b": 2}, [])


def test_what_is_no_object_is_parsed_as_well():
    for text, value in ((b"[]", []), (b'"a"', "a"), (b"-5", -5), (b"true", True), (b"null", None)):
        assert config_parser.parse(text) == (value, [])

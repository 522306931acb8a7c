"""config.json: read where nothing is lost by it, from whatever editor."""

import os

import islog
from configs import FILE, edited, from_file
from virtual_board import raises


def test_a_file_that_cannot_be_read_is_said():
    for path, text, word in (
        ("no-such-file.json", None, "cannot be opened"),
        ("islog-test-config.json", "client_key: x", "not JSON: line 1"),
        ("islog-test-config.json", "[]", "JSON object"),
    ):
        if text is not None:
            with open(path, "w") as f:
                f.write(text)
        error = str(raises(islog.ConfigError, islog.from_config, path))
        assert path in error and word in error
    os.remove("islog-test-config.json")


def test_a_file_from_any_editor_is_read_where_nothing_is_lost_by_it():
    expected = from_file(FILE.encode())
    assert expected["quiet"] is True and expected["wifi"][0]["password"] == "its password"
    for content in (
        b"\xef\xbb\xbf" + FILE.encode(),
        FILE.replace("\n", "\r\n").encode(),
        FILE.encode() + bytes(200),
        FILE.replace("true\n", "true,\n").encode(),
        FILE.replace('password"}', 'password",}').encode(),
        FILE.replace('house",', 'house"').encode(),
    ):
        assert from_file(content) == expected
    assert edited('"bucket_name"', '"bucket_name": "another", "bucket_name"') == expected

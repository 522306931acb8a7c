"""Every wrong setting is one plain sentence that names it; the key is in none."""

import os
import sys

import islog
import network
from islog import config, service
from islog.errors import call_unloading
from virtual_board import raises

GOOD = {"client_key": "secret-key", "bucket_name": "greenhouse"}


def refused(**settings):
    """The sentence that a setting's error is."""
    error = raises(islog.ConfigError, config.check, dict(GOOD, **settings))
    assert isinstance(error, ValueError)
    return str(error)


def urls(settings):
    """Those of the bucket call and of a batch."""
    made = service.Service(settings)
    bucket, batches = made.bucket_call, made.ingest
    return bucket[0], batches[0]


def test_two_settings_are_enough():
    settings = config.check(dict(GOOD))
    assert settings["api"] == "batch_logs" and settings["buffer_bytes"] == 8192
    assert urls(settings) == (
        "https://api.initialstate.com/api/v1/buckets",
        "https://groker.initialstate.com/batch_logs",
    )
    settings = config.check(dict(GOOD, api="events"))
    assert urls(settings) == (
        "https://groker.init.st/api/buckets",
        "https://groker.init.st/api/events",
    )


def test_each_wrong_setting_is_named():
    wrong = {
        "client_key": (None, "", 5, "a b", "clé", "a\nb"),
        "bucket_name": (None, "", 5, "x" * 201, "a\nb"),
        "bucket_id": ("", "not a guid", 5, "123e4567-e89b-12d3-a456-42661417400g"),
        "wifi": ("home", [], [{}], [{"ssid": "a"}], [{"ssid": "", "password": ""}], [1]),
        "api": ("v3", 5, None),
        "bucket_url": (
            "api.initialstate.com",
            "ftp://a/b",
            "http://",
            5,
            "http://a b/",
            "http://h:x/",
            "http://h:0/",
            "http://h:70000",
            "http://[::1]:80/",
        ),
        "ingest_url": ("http://user@host/", "http://h:/", "", "https://hö/", "http://:80/"),
        "ntp_hosts": ("pool.ntp.org", [5], [""], ["a:b"], [":123"], ["a:0"], ["a:65536"], ["a b"]),
        "buffer_bytes": (0, 63, -1, 8192.0, "8192", True, 2**30),
        "batch_bytes": (255, 65536, None),
        "flush_interval": (-1, 1.5, "10"),
        "timeout": (0, 301),
        "country": ("", "DEU", 5),
        "hostname": ("", "x" * 33, "é" * 17, "a\nb"),
        "wifi_reset": (1, None),
        "txpower": (1, 22, "8", True, float("nan")),
        "wifi_power": ("high", 1),
        "quiet": (0, "false", None),
        "transport": ("tls", True),
        "idle_close": (0, None),
        "batch_readings": (0, 1001),
        "max_signals": (0, 128),
    }
    for name, values in wrong.items():
        for value in values:
            sentence = refused(**{name: value})
            assert name in sentence and "secret-key" not in sentence
            assert "\n" not in sentence


def test_a_wifi_network_is_checked_as_the_radio_would():
    for password in ("short", "x" * 65):
        sentence = refused(wifi=[{"ssid": "home", "password": password}])
        assert "network home" in sentence and "8 to 64" in sentence and password not in sentence
    assert "1 to 32 bytes" in refused(wifi=[{"ssid": "é" * 17, "password": ""}])
    for password in ("", "long enough"):
        config.check(dict(GOOD, wifi=[{"ssid": "home", "password": password}]))


def test_what_is_wrong_with_one_network_of_several_is_told_by_its_name():
    home = {"ssid": "home", "password": "its password"}
    for more, word in (
        ({"password": 1234567890}, "a text in quotes"),
        ({"password": None}, "a text in quotes"),
        ({"password": "abcde"}, "WEP is not supported"),
        ({"bssid": "aa:bb:cc:dd:ee"}, "bssid"),
        ({"bssid": "aa:bb:cc:dd:ee:fg"}, "bssid"),
        ({"bssid": b"abcdef"}, "bssid"),
        ({"hidden": "yes"}, "hidden"),
        ({"ifconfig": "192.168.1.50"}, "four addresses"),
        ({"ifconfig": ["192.168.1.50", "255.255.255.0", "192.168.1.1", "dns"]}, "four addresses"),
        ({"ifconfig": ["192.168.1.256"] * 4}, "four addresses"),
        ({"channel": 6}, "not 'channel'"),
    ):
        other = dict(home, ssid="garden")
        other.update(more)
        sentence = refused(wifi=[home, other])
        assert "network garden" in sentence and word in sentence and "its password" not in sentence
    assert "network 2" in refused(wifi=[home, {"password": ""}])
    assert "a text in quotes" in refused(wifi=[{"ssid": "home"}])
    assert "put [" in refused(wifi=home)


def test_what_a_radio_may_be_told_besides():
    network = {"ssid": "home", "password": "", "hidden": True, "bssid": "AA:bb:cc:dd:ee:0f"}
    network["ifconfig"] = ["192.168.1.50", "255.255.255.0", "192.168.1.1", "192.168.1.1"]
    config.check(dict(GOOD, wifi=[network], txpower=8.5, wifi_reset=False, hostname="é" * 16))
    config.check(dict(GOOD, wifi=[dict(network, bssid=None, hidden=None, ifconfig=None)]))


def test_addresses_are_names_or_ipv4():
    for url in ("http://h", "http://192.168.1.5:65535/a:b", "https://a.b:1/c"):
        config.check(dict(GOOD, ingest_url=url))
    assert "IPv6 is not supported" in refused(ingest_url="http://[fe80::1]:8086/batch_logs")
    assert "IPv6 is not supported" in refused(ntp_hosts=["fe80::1"])
    assert "from 1 to 65535" in refused(ingest_url="http://192.168.1.5:70000/batch_logs")
    assert "from 1 to 65535" in refused(ntp_hosts=["a:0"])


def test_why_a_network_was_not_joined_is_told_by_the_ports_own_status():
    for style, status, word in (
        ("esp32", 2, "log-in"),
        ("esp32", 15, "check the password"),
        ("esp32", 200, "move nearer"),
        ("esp32", 201, "not in range"),
        ("esp32", 202, "its password was refused"),
        ("esp32", 203, "did not let us in"),
        ("esp32", 204, "check the password"),
        ("esp32", 210, "WPA3 only"),
        ("esp32", 211, "weaker"),
        ("esp32", 212, "too weak"),
        ("rp2", 2, "no address"),
        ("rp2", -1, "did not let us in"),
        ("rp2", -2, "not in range"),
        ("rp2", -3, "its password was refused"),
    ):
        network.style = style
        assert word in call_unloading("explain", "joining", network, status)
    for style, status in (("esp32", 1001), ("esp32", 99), ("rp2", 1), ("rp2", 0), ("rp2", None)):
        network.style = style
        assert call_unloading("explain", "joining", network, status) is None
    assert "islog.explain" not in sys.modules


def test_a_setting_that_does_not_exist_is_named():
    assert "flush_intervall" in refused(flush_intervall=5)
    assert "client_key" in str(raises(islog.ConfigError, config.check, {"bucket_name": "b"}))


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


FILE = """{
    "client_key": "secret-key",
    "bucket_name": "greenhouse",
    "wifi": [
        {"ssid": "home", "password": "its password"}
    ],
    "quiet": true
}
"""


def from_file(content):
    """What config.load makes of a file with these bytes: settings, or the sentence it refuses."""
    with open("islog-test-config.json", "wb") as f:
        f.write(content)
    try:
        return config.load("islog-test-config.json")
    except islog.ConfigError as e:
        assert "secret" not in str(e) and "its password" not in str(e)
        return str(e)
    finally:
        os.remove("islog-test-config.json")


def edited(old, new):
    assert FILE.count(old) == 1
    return from_file(FILE.replace(old, new).encode())


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


def test_what_is_wrong_with_a_file_is_told_with_its_line():
    for old, new, said in (
        ("{\n    ", "{\n    // from the account page\n", "line 2 has a comment"),
        ('"quiet"', '# not yet\n"quiet"', "line 7 has a comment"),
        ('"greenhouse"', "\u201cgreenhouse\u201d", "line 3 has curly quotes"),
        ('"greenhouse"', "'greenhouse'", "line 3 has single quotes"),
        ('"greenhouse"', "greenhouse", "line 3 has something that is not in double quotes"),
        ('greenhouse"', "greenhouse", "line 3 has a text without its closing quote"),
        ("true", "True", "line 7 has a word that is Python's"),
        ("true", "", "line 8 ends a name without a value"),
        ("secret-key", "secret\\-key", "line 2 has a \\ that stands for nothing"),
        ("secret-key", "\\u12", "line 2 has a \\u that is not followed by four"),
        ("greenhouse", "\\ud83c house", "line 3 has half a character"),
        ("greenhouse", "\\udf21\\ud83c", "line 3 has half a character"),
        ("}\n    ],", "}\n    ,", "line 8 ends where a closing bracket is missing"),
        ("true\n}\n", "true\n", "line 7 ends where a closing bracket is missing"),
        ("true\n}\n", "true\n}\n}\n", "line 9 has something behind the end"),
        ("{\n    ", "}{\n    ", "line 1 begins with a bracket that closes"),
        ("true", "true, [1]: 2", "line 7 has a value where a name"),
        ("true", "1.2.3", "line 7 has something"),
    ):
        assert said in edited(old, new), (old, edited(old, new))
    for content, said in (
        (b"", "is empty"),
        (bytes(4096), "is empty"),
        (b"\xef\xbb\xbf\r\n", "is empty"),
        (b"\xff\xfe{\0}\0", "save it as UTF-8"),
        (b"{\0\n\0}\0", "save it as UTF-8"),
        (FILE.replace("home", "caf#").encode().replace(b"#", b"\xe9"), "UTF-8, see line 5"),
        (b"[]", "must be a JSON object"),
        (b'"{}"', "must be a JSON object"),
        (b"\\", "line 1 has something"),
    ):
        assert said in from_file(content), content


def test_an_escaped_emoji_is_the_same_as_the_emoji_itself():
    for escaped, text in (
        (r"\ud83c\udf21 house", "\U0001f321 house"),
        (r"\uD83C\uDF21\ud83c\udf1e\\", "\U0001f321\U0001f31e\\"),
        (r"Gr\u00fcn \u20ac\/\u0022\"", 'Grün €/""'),
        ("\U0001f321 €\\n".replace("\\n", r"\\n"), "\U0001f321 €\\n"),
    ):
        assert edited("greenhouse", escaped)["bucket_name"].encode() == text.encode()
    assert edited("home", r"\ud83c\udf21")["wifi"][0]["ssid"].encode() == b"\xf0\x9f\x8c\xa1"


def test_the_key_is_in_no_message_where_it_is_wrong():
    assert "se cret" not in refused(client_key="se cret")
    error = raises(islog.ConfigError, islog.Logger, "se cret", "greenhouse")
    assert "se cret" not in str(error)


def test_settings_that_do_not_go_together_are_refused_by_name():
    assert "bucket_id" in refused(api="events", bucket_id="a:b")
    config.check(dict(GOOD, api="events", bucket_id="my_bucket"))
    assert "bucket_id" in refused(bucket_id="my_bucket")
    root = {"ca_file": "ca.der"}
    config.check(dict(GOOD, **root))
    assert "transport" in refused(transport="requests", **root)
    assert "ingest_url" in refused(ingest_url="http://here/", **root)
    assert "set_rtc" in refused(set_rtc=False, **root)
    assert "ntp_hosts" in refused(ntp_hosts=[], **root)
    error = raises(islog.ConfigError, islog.Logger, transport="kept", **dict(GOOD, **root))
    assert "ca_file ca.der cannot be opened" in str(error)


def test_ca_file_is_a_name_or_a_list_of_names():
    for good in ("ca.der", ["ca.der"], ("one.der", "certs/other.der"), None):
        assert config.check(dict(GOOD, ca_file=good))["ca_file"] == good
    for bad in (5, "", [], [""], ["ca.der", None], {"ca.der": 1}, "x" * 129, ["x" * 129], ["\n"]):
        assert refused(ca_file=bad) == (
            "ca_file must be a file's name of at most 128 characters, or a list of such names"
        )


def test_the_words_for_a_wrong_setting_are_loaded_for_it_alone():
    assert refused(timeout=0) == "timeout must be a whole number from 1 to 300 seconds"
    assert "islog.explain" not in sys.modules and not hasattr(islog, "explain")


def test_without_memory_for_the_words_the_setting_is_still_named():
    class NoRoom:
        """Stands in for explain.py where MicroPython cannot load it."""

        @staticmethod
        def why(*_):
            raise MemoryError

    sys.modules["islog.explain"] = islog.explain = NoRoom
    assert refused(timeout=0) == "timeout refused"
    assert "from 1 to 300" in refused(timeout=0)

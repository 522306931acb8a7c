"""Every wrong setting is one plain sentence that names it; the key is in none."""

import sys

import islog
from islog import config, service
from world import raises

GOOD = {"client_key": "secret-key", "bucket_name": "greenhouse"}


def refused(**settings):
    """The sentence that a setting's error is."""
    error = raises(islog.ConfigError, config.check, dict(GOOD, **settings))
    assert isinstance(error, ValueError)
    return str(error)


def urls(settings):
    """Those of the bucket call and of a batch."""
    _, _, bucket, batches, *_ = service.plan(settings)
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
        ),
        "ingest_url": ("http://user@host/", "http://h:/", "", "https://hö/"),
        "ntp_hosts": ("pool.ntp.org", [5], [""], ["a:b"], [":123"]),
        "buffer_bytes": (0, 63, -1, 8192.0, "8192", True, 2**30),
        "batch_bytes": (255, 65536, None),
        "flush_interval": (-1, 1.5, "10"),
        "timeout": (0, 301),
        "country": ("", "DEU", 5),
        "hostname": ("", "x" * 33),
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
        assert "8 to 64" in refused(wifi=[{"ssid": "home", "password": password}])
    assert "1 to 32 bytes" in refused(wifi=[{"ssid": "é" * 17, "password": ""}])
    for password in ("", "long enough"):
        config.check(dict(GOOD, wifi=[{"ssid": "home", "password": password}]))


def test_a_setting_that_does_not_exist_is_named():
    assert "flush_intervall" in refused(flush_intervall=5)
    assert "client_key" in str(raises(islog.ConfigError, config.check, {"bucket_name": "b"}))


def test_a_file_that_cannot_be_read_is_said():
    for path, text, word in (
        ("no-such-file.json", None, "cannot be opened"),
        ("islog-test-config.json", "client_key: x", "not JSON"),
        ("islog-test-config.json", "[]", "JSON object"),
    ):
        if text is not None:
            with open(path, "w") as f:
                f.write(text)
        error = str(raises(islog.ConfigError, islog.from_config, path))
        assert path in error and word in error
    import os

    os.remove("islog-test-config.json")


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

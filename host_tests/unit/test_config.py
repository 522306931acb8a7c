"""Every wrong setting is one plain sentence that names it; the key is in none."""

import islog
from configs import GOOD, refused
from islog import config, service
from virtual_board import raises


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


def test_addresses_are_names_or_ipv4():
    for url in ("http://h", "http://192.168.1.5:65535/a:b", "https://a.b:1/c"):
        config.check(dict(GOOD, ingest_url=url))
    assert "IPv6 is not supported" in refused(ingest_url="http://[fe80::1]:8086/batch_logs")
    assert "IPv6 is not supported" in refused(ntp_hosts=["fe80::1"])
    assert "from 1 to 65535" in refused(ingest_url="http://192.168.1.5:70000/batch_logs")
    assert "from 1 to 65535" in refused(ntp_hosts=["a:0"])


def test_a_setting_that_does_not_exist_is_named():
    assert "flush_intervall" in refused(flush_intervall=5)
    assert "client_key" in str(raises(islog.ConfigError, config.check, {"bucket_name": "b"}))


def test_the_key_is_in_no_message_where_it_is_wrong():
    assert "se cret" not in refused(client_key="se cret")
    error = raises(islog.ConfigError, islog.Logger, "se cret", "greenhouse")
    assert "se cret" not in str(error)


def test_ca_file_is_a_name_or_a_list_of_names():
    for good in ("ca.der", ["ca.der"], ("one.der", "certs/other.der"), None):
        assert config.check(dict(GOOD, ca_file=good))["ca_file"] == good
    for bad in (5, "", [], [""], ["ca.der", None], {"ca.der": 1}, "x" * 129, ["x" * 129], ["\n"]):
        assert refused(ca_file=bad) == (
            "ca_file must be a file's name of at most 128 characters, or a list of such names"
        )

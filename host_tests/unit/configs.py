"""What the tests of settings share: good ones, the sentence that a wrong one gets, and a file."""

import os

import islog
from islog import config
from virtual_board import raises

GOOD = {"client_key": "secret-key", "bucket_name": "greenhouse"}


def refused(**settings):
    """The sentence that a setting's error is."""
    error = raises(islog.ConfigError, config.check, dict(GOOD, **settings))
    assert isinstance(error, ValueError)
    return str(error)


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

"""Settings that do not go together are refused by one sentence, which names the one to change."""

import sys

import islog
from configs import GOOD, refused
from islog import config
from virtual_board import Board, raises


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


def test_settings_of_the_spool_belong_together():
    for wrong in (
        {"spool_file": "x"},
        {"spool_bytes": 30000},
        {"spool_file": "x", "spool_bytes": 20000},
    ):
        assert "spool_bytes" in str(raises(islog.ConfigError, Board, **wrong))


def test_these_rules_take_no_memory_once_the_settings_are_checked():
    Board(bucket_id="123e4567-e89b-12d3-a456-426614174000")
    assert "islog.config_parts" not in sys.modules

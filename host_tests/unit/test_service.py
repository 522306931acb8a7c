"""What the settings make of the service: addresses, headers, limits, the bucket's id."""

import json

import initial_state
import islog
from configs import GOOD
from islog import config, keepalive, service, transport
from virtual_board import Board


def test_the_bucket_id_is_the_same_after_a_reboot():
    first = Board().logger.bucket_id
    assert Board().logger.bucket_id == first
    assert Board(bucket_name="another").logger.bucket_id != first
    mine = "123e4567-e89b-12d3-a456-426614174000"
    assert Board(bucket_id=mine).logger.bucket_id == mine
    assert initial_state.is_guid(first)


def test_the_server_is_told_which_version_sends():
    import islog

    board = Board(flush_interval=0)
    board.log("t", 1)
    board.run(5)
    assert board.values() == [1]
    assert set(board.server.agents) == {"islog/" + islog.__version__}


def made(**settings):
    return service.Service(config.check(dict(GOOD, **settings)))


def test_each_api_has_its_own_addresses_headers_and_body():
    guid = "123e4567-e89b-12d3-a456-426614174000"
    agent = ("User-Agent", "islog/" + islog.__version__)
    one = made(bucket_id=guid)
    url, headers, body = one.bucket_call
    assert url == "https://api.initialstate.com/api/v1/buckets" and headers == (agent,)
    assert json.loads(body) == {
        "bucketId": guid,
        "bucketName": "greenhouse",
        "clientKey": "secret-key",
    }
    assert one.ingest == (
        "https://groker.initialstate.com/batch_logs",
        (("X-IS-ClientKey", "secret-key"), agent),
    )
    two = made(api="events", bucket_id="my_bucket")
    url, headers, body = two.bucket_call
    assert url == "https://groker.init.st/api/buckets"
    account = ("X-IS-AccessKey", "secret-key"), ("Accept-Version", "~0")
    assert headers == account + (agent,)
    assert json.loads(body) == {"bucketKey": "my_bucket", "bucketName": "greenhouse"}
    assert two.ingest == (
        "https://groker.init.st/api/events",
        account + (("X-IS-BucketKey", "my_bucket"), agent),
    )


def test_a_reading_between_its_fields_is_json_whatever_the_bucket_is_called():
    for name in ("greenhouse", 'the "big" \\ one', "°C 😀"):
        for api, keys in (("batch_logs", "b e sn tid v"), ("events", "epoch key value")):
            one = made(api=api, bucket_name=name)
            signal, value, time = one.fields
            reading = json.loads(signal + '"t"' + value + "21.5" + time + "1796000000.5}")
            assert sorted(reading) == keys.split() and reading.get("b", name) == name
            bucket = json.loads(one.bucket_call[2])
            assert bucket["bucketName"] == name


def test_limits_are_those_of_the_service_unless_a_setting_says_other_ones():
    for settings, readings, gap_ms in (
        ({}, 0xFFFF, 0),
        ({"batch_readings": 5}, 5, 0),
        ({"requests_per_s": 100}, 0xFFFF, 10),
        ({"api": "events"}, 10, 334),
        ({"api": "events", "batch_readings": 1000, "requests_per_s": 1}, 1000, 1000),
    ):
        one = made(**settings)
        assert (one.batch_readings, one.gap_ms) == (readings, gap_ms), settings


def test_a_server_of_ones_own_is_asked_in_place_of_the_services():
    for api in ("batch_logs", "events"):
        own = {"bucket_url": "http://here:8080/b", "ingest_url": "http://here:8080/i"}
        one = made(api=api, **own)
        assert (one.bucket_call[0], one.ingest[0]) == ("http://here:8080/b", "http://here:8080/i")


def test_the_transport_is_the_one_that_is_asked_for_and_says_whether_a_server_proves_its_name():
    for settings, kind, is_unverified in (
        ({}, transport.Requests, True),
        ({"transport": "kept"}, keepalive.Keepalive, True),
        ({"ingest_url": "http://here/"}, transport.Requests, False),
        ({"transport": "kept", "ingest_url": "http://here/"}, keepalive.Keepalive, False),
    ):
        one = made(**settings)
        assert type(one.transport) is kind and one.is_unverified is is_unverified


def test_a_bucket_has_an_id_of_its_own_on_each_board():
    ids = {service.guid(name) for name in ("greenhouse", "attic", "°C", "greenhouse")}
    assert len(ids) == 3 and all(initial_state.is_guid(guid) for guid in ids)
    assert made().bucket_id == service.guid("greenhouse")
    mine = "123e4567-e89b-12d3-a456-426614174000"
    assert made(bucket_id=mine).bucket_id == mine

"""The first generation of the API (docs/api.md)."""


def api(name, bucket_id, key, text):
    """(URL of the bucket call, its headers, its body, URL of batches, their headers, fields,
    readings in a batch, batches a second) for one bucket; `text` makes JSON of a str.

    Headers are (name, value) pairs; fields are what comes in a reading before the signal, before
    the value and before the time; the last two are limits of the service, 0 where it has none.
    """
    return (
        "https://api.initialstate.com/api/v1/buckets",
        (),
        '{"bucketId":%s,"bucketName":%s,"clientKey":%s}'
        % (text(bucket_id), text(name), text(key)),
        "https://groker.initialstate.com/batch_logs",
        (("X-IS-ClientKey", key),),
        ('{"b":%s,"tid":%s,"sn":' % (text(name), text(bucket_id)), ',"v":', ',"e":'),
        0,
        0,
    )

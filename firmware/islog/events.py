"""The second generation of the API (docs/api.md)."""


def api(name, bucket_id, key, text):
    """See batch_logs.api."""
    headers = ("X-IS-AccessKey", key), ("Accept-Version", "~0")
    return (
        "https://groker.init.st/api/buckets",
        headers,
        '{"bucketKey":%s,"bucketName":%s}' % (text(bucket_id), text(name)),
        "https://groker.init.st/api/events",
        headers + (("X-IS-BucketKey", bucket_id),),
        ('{"key":', ',"value":', ',"epoch":'),
        10,
        3,
    )

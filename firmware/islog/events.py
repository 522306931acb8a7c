"""The second generation of the API, as data (api.md, 2); see batch_logs.py."""

BUCKET_URL = "https://groker.init.st/api/buckets"
INGEST_URL = "https://groker.init.st/api/events"
BUCKET = '{"bucketKey":%(id)s,"bucketName":%(name)s}'
BUCKET_HEADERS = (("X-IS-AccessKey", "%(key)s"), ("Accept-Version", "~0"))
FIELDS = ('{"key":', ',"value":', ',"epoch":')
HEADERS = BUCKET_HEADERS + (("X-IS-BucketKey", "%(id)s"),)
BATCH_READINGS = 10
REQUESTS_PER_S = 3

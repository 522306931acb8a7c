"""The first generation of the API, as data (api.md, 1). `%(name)s`, `%(id)s` and `%(key)s` stand
for bucket name, bucket id and client key: quoted as JSON in a body, as they are in a header."""

BUCKET_URL = "https://api.initialstate.com/api/v1/buckets"
INGEST_URL = "https://groker.initialstate.com/batch_logs"
BUCKET = '{"bucketId":%(id)s,"bucketName":%(name)s,"clientKey":%(key)s}'
BUCKET_HEADERS = ()
# A reading: before the signal, before the value, before the time.
FIELDS = ('{"b":%(name)s,"tid":%(id)s,"sn":', ',"v":', ',"e":')
HEADERS = (("X-IS-ClientKey", "%(key)s"),)
BATCH_READINGS = 0  # at most in a request; 0: as many as fit
REQUESTS_PER_S = 0  # at most; 0: no limit

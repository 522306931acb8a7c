"""schemathesis against the server's own OpenAPI description, as a process of its own.

    python -m host_tests.server.fuzz [--seconds 600]      a long run, for a soak

What it makes up, valid or not, must get an answer that the description names, in the form that it
names; what breaks the description must be refused, and what keeps to it must not be.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.server import LocalServer

from .conftest import BUCKET_ID, KEY, BoardClient, reading

# Reading back is tried on a bucket that has readings; the stream, which has no end, has a test of
# its own (test_live.py).
_CONFIG = f"""
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 409, 413, 414, 415, 422, 429]

[[operations]]
include-name = "GET /api/buckets/{{bucket_id}}/readings"
parameters = {{ "path.bucket_id" = "{BUCKET_ID}", "query.signal" = "t" }}
"""
_OPTIONS = ["--exclude-path", "/api/live", "--request-timeout", "10", "--no-color"]


def run(server, folder, *options, output=subprocess.PIPE):
    """Run it against the LocalServer; returns the exit status and what went to `output`."""
    BoardClient(server.port).create_bucket()
    BoardClient(server.port).send([reading(v=v, e=1416262288 + v) for v in range(2000)])
    config = Path(folder) / "schemathesis.toml"
    config.write_text(_CONFIG)
    command = Path(sys.executable).with_name("schemathesis")
    keys = ["-H", f"X-IS-ClientKey: {KEY}", "-H", f"X-IS-AccessKey: {KEY}"]
    done = subprocess.run(
        [command, "--config-file", config, "run", f"{server.url}/api/openapi.json"]
        + [*keys, *_OPTIONS, *options],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
    )
    return done.returncode, done.stdout


def main():
    parser = argparse.ArgumentParser("python -m host_tests.server.fuzz")
    parser.add_argument("--seconds", type=int, default=600, help="at most: %(default)s")
    seconds = parser.parse_args().seconds
    print(f"schemathesis tries the server's calls for {seconds} s at most ...", flush=True)
    errors = []
    server = LocalServer(key=KEY, on_error=errors.append)
    with server, tempfile.TemporaryDirectory() as folder:
        options = ("-n", "1000", "--max-time", str(seconds))
        status, _ = run(server, folder, *options, output=None)
    print(*errors, sep="\n")
    return status or bool(errors)


if __name__ == "__main__":
    sys.exit(main())

"""The server keeps to its own OpenAPI description, whatever is sent."""

from tools.server import LocalServer

from . import fuzz
from .conftest import KEY


def test_schemathesis_finds_nothing(tmp_path):
    errors = []
    with LocalServer(key=KEY, on_error=errors.append) as server:
        options = ("-n", "5", "--phases", "coverage,fuzzing,stateful", "--seed", "1")
        status, said = fuzz.run(server, tmp_path, *options)
        assert (status, errors) == (0, []), said
        statuses = {answer for _, answer in server.requests}
    assert {200, 201, 204, 400, 401, 403, 404, 405} <= statuses, statuses
    assert not any(answer >= 500 for answer in statuses)

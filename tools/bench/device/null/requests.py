"""Stands in for micropython-lib's `requests`: every POST is accepted at once, and nothing else
happens, so that what is measured is islog's own."""


class Response:
    status_code = 204

    def close(self):
        pass


_answer = Response()


def request(method, url, data=None, json=None, headers=None, **_):
    return _answer

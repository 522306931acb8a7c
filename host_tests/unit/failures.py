"""Calls that fail once."""


def once(kind):
    """A callback that raises the first time that it is called."""
    raised = []

    def call(*_):
        if not raised:
            raised.append(1)
            raise kind

    return call


def fails_once(thing, name, kind):
    """The first call of a method of `thing` raises."""
    method, fail = getattr(thing, name), once(kind)

    def call(*args):
        fail()
        return method(*args)

    setattr(thing, name, call)

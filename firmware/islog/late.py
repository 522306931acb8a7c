"""What few programs use of a Logger: looked up here, and loaded, where it is used."""


def get(log, name):
    """A method of the Logger `log`, by name. AttributeError: it has nothing of that name."""
    if name in ("run", "aflush", "aclose", "__aenter__", "__aexit__"):
        from .task import Awaitable

        return getattr(Awaitable(log), name)
    if name == "slept":
        from .leaps import slept

        return lambda ms: slept(log, ms)
    raise AttributeError(name)

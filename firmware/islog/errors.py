"""The one exception of islog's own; by itself, so that config need not stay loaded for it."""


class ConfigError(ValueError):
    """A setting is wrong: its text is one sentence with its name, what is wrong, what to do."""

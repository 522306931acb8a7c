"""islog: sensor readings from a MicroPython board to Initial State."""

__version__ = "0.1.0"  # package.json has it, too

from .errors import ConfigError, once

try:
    from .logger import Logger, from_config
except (ImportError, AttributeError) as e:
    raise ImportError(once("explain", "hidden") or e)
del once

__all__ = ("ConfigError", "Logger", "from_config")

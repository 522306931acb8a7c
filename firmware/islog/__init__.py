"""islog: sensor readings from a MicroPython board to Initial State."""

from .errors import ConfigError
from .logger import Logger, from_config

__version__ = "0.1.0"
__all__ = ("ConfigError", "Logger", "from_config")

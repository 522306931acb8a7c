"""islog: sensor readings from a MicroPython board to Initial State."""

__version__ = "0.1.0"  # package.json has it, too

from .errors import ConfigError
from .logger import Logger, from_config

__all__ = ("ConfigError", "Logger", "from_config")

"""islog: sensor readings from a MicroPython board to Initial State."""

__version__ = "0.1.0"  # package.json has it, too

from .errors import ConfigError, call_unloading

try:
    from .logger import Logger
except (ImportError, AttributeError) as e:
    raise ImportError(call_unloading("explain", "hidden") or e)

__all__ = ("ConfigError", "Logger", "from_config")


def from_config(path="config.json"):
    """A Logger with the settings of a JSON file, Wi-Fi included. ConfigError: what is wrong."""
    settings = call_unloading("config", "load", path)
    wifi = settings.pop("wifi") or None
    if wifi:
        from .wifi import WiFi

        names = "country", "hostname", "wifi_power", "txpower", "wifi_reset"
        wifi = WiFi(wifi, *[settings[name] for name in names])
    return Logger(wifi=wifi, **settings)

"""A local Initial State: somewhere to send readings without an account or a network.

`python -m tools.server` runs it; `LocalServer` is the same for tests and the demo.
"""

from .local import LocalServer, PortError
from .store import StoreError

__all__ = ["LocalServer", "PortError", "StoreError"]

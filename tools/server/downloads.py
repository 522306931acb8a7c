"""The name of an exported file: the bucket, the signal if it is only one, and the range, in UTC.

Content-Disposition has it twice (RFC 6266, RFC 8187): in plain ASCII, and whole for those who read
`filename*`. What no file system takes in a name is an underscore in both.
"""

import re
import unicodedata
from datetime import datetime, timezone
from urllib.parse import quote

_MOST_BYTES = 120  # of a name that a board sent; a file's own may be 255
_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*%;\s_]+')


def disposition(ending, bucket_name, signal=None, start=None, end=None):
    """The header's value; start, end: Unix s, None where the range is open."""
    parts = [_fit(name) for name in (bucket_name, signal) if name is not None]
    times = []
    if start is not None:
        times += ["from", _stamp(start)]
    if end is not None:
        times += ["to", _stamp(end)]
    whole = "_".join([*parts, *(times or ["all"])]) + ending
    # Letters keep their base (é: e); whatever has none is one underscore.
    bare = "".join(c for c in unicodedata.normalize("NFKD", whole) if not unicodedata.combining(c))
    plain = _UNFIT.sub("_", re.sub(r"[^\x20-\x7e]+", "_", bare))
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(whole, safe='')}"


def _fit(name):
    shown = "".join("_" if unicodedata.category(c)[0] == "C" else c for c in name)
    cut = _UNFIT.sub("_", shown).encode()[:_MOST_BYTES].decode(errors="ignore")
    return cut.strip("._ ") or "unnamed"


def _stamp(epoch):
    try:
        return datetime.fromtimestamp(epoch, timezone.utc).strftime("%Y-%m-%dT%H%M%SZ")
    except (OverflowError, ValueError, OSError):  # no calendar has it
        return f"{epoch:.0f}"

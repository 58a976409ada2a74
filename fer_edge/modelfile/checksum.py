"""SHA-256 without OpenSSL, which `hashlib` loads: 4 MB that a device has no other use for."""

from __future__ import annotations

import importlib
import sys


def sha256(data: bytes) -> str:
    """Return the SHA-256 of `data` in hexadecimal.

    Python's own implementation, as `random` of the standard library takes it; `hashlib` where a
    distribution has left that out.
    """
    try:
        module = importlib.import_module("_sha2" if sys.version_info >= (3, 12) else "_sha256")
    except ImportError:
        module = importlib.import_module("hashlib")
    return str(module.sha256(data).hexdigest())

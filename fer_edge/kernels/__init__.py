"""The C kernels: one source for firmware, the browser and Python's interpreter `c`."""

from __future__ import annotations

from importlib import resources


def read_kernel(name: str) -> str:
    """Return the C source of a kernel, such as "convolution"."""
    return resources.files(__name__).joinpath(f"{name}.c").read_text("ascii")

"""The WebAssembly in the package is what its source gives, byte for byte."""

import shutil

import pytest

from tools.web.build_wasm import COMPILER, LINKER, TARGET, build


@pytest.mark.skipif(not (shutil.which(COMPILER) and shutil.which(LINKER)), reason=f"{COMPILER} or {LINKER} is missing")
def test_the_module_is_reproducible() -> None:
    assert build() == TARGET.read_bytes()


def test_the_module_is_small() -> None:
    assert TARGET.stat().st_size < 16_000

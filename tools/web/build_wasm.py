"""Compile the kernels to fer_edge/web/engine/fer_edge.wasm; with --check, compare with the file that is there.

    python -m tools.web.build_wasm

The same compiler gives the same bytes on every machine: Debian's packages clang-19 and lld-19.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "fer_edge/web/wasm"
TARGET = ROOT / "fer_edge/web/engine/fer_edge.wasm"
COMPILER, LINKER = "clang-19", "wasm-ld-19"

FLAGS = (
    *("--target=wasm32", "-std=c99", "-Os", "-msimd128", "-mbulk-memory", "-ffreestanding", "-nostdlib"),
    *("-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wno-unused-function"),
    *("-Wl,--no-entry", "-Wl,--strip-all", "-Wl,--export=__heap_base", "-Wl,-z,stack-size=16384"),
)


def main() -> int:
    """Build, and write or compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where the bytes differ")
    check = parser.parse_args().check
    missing = [tool for tool in (COMPILER, LINKER) if shutil.which(tool) is None]
    if missing:
        print(f"{' and '.join(missing)} missing: run 'sudo apt install clang-19 lld-19'.", file=sys.stderr)
        return 1
    built = build()
    if check and built != TARGET.read_bytes():
        print(f"{TARGET} is not what its source gives: run 'python -m tools.web.build_wasm'.", file=sys.stderr)
        return 1
    if not check:
        TARGET.write_bytes(built)
    print(f"{TARGET.relative_to(ROOT)}: {len(built):,} bytes{', as its source gives' if check else ''}")
    return 0


def build() -> bytes:
    """Return the module."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "fer_edge.wasm"
        subprocess.run([COMPILER, *FLAGS, "-o", str(target), "exports.c"], cwd=SOURCE, check=True)
        return target.read_bytes()


if __name__ == "__main__":
    sys.exit(main())

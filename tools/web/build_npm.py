"""Write the folder of the npm package `fer-edge`: the engine of the page, with types, a README and an example.

python -m tools.web.build_npm FOLDER
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

import fer_edge
from fer_edge.errors import FerEdgeError
from fer_edge.files import write_all

ROOT = Path(__file__).parents[2]
ENGINE = ROOT / "fer_edge/web/engine"
WRITTEN_BY_HAND = Path(__file__).with_name("npm")
DOCUMENTATION = re.compile(r"^[ \t]*/\*\*.*?\*/[ \t]*\n", re.MULTILINE | re.DOTALL)
LINE = re.compile(r"^[ \t]*//.*\n", re.MULTILINE)


def main() -> int:
    """Write the files; those of an earlier call are replaced."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    try:
        write_all({folder / name: content for name, content in build_package().items()}, force=True)
    except FerEdgeError as error:
        sys.exit(str(error))
    print(f"{folder}: fer-edge {fer_edge.__version__}; 'npm publish {folder}' publishes it")
    return 0


def build_package() -> dict[str, bytes]:
    """Return the files of the package by their names."""
    files = {path.name: path.read_bytes() for path in sorted(WRITTEN_BY_HAND.iterdir())}
    for path in sorted(ENGINE.iterdir()):
        files[path.name] = strip_comments(path.read_text()).encode() if path.suffix == ".js" else path.read_bytes()
    manifest = {**json.loads(files["package.json"]), "version": fer_edge.__version__}
    files["package.json"] = json.dumps(manifest, indent=2).encode() + b"\n"
    files["LICENSE"] = (ROOT / "LICENSE").read_bytes()
    return files


def strip_comments(source: str) -> str:
    """Return a module without the comments that have lines of their own: users read the types instead."""
    return DOCUMENTATION.sub("", LINE.sub("", source))


if __name__ == "__main__":
    sys.exit(main())

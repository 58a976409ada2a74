"""Bundle the networks of two runs: ``python -m tools.generate.bundle_models [edge_cnn_s] [edge_cnn_m]``.

Copies ``runs/NAME/model.keras``, where a run has just written one, packed to models/, and converts it to the float16
and int8 files in fer_edge/assets/, the latter by models/int8.toml, each compared with Keras on FER2013. `make docs`
and its siblings then write the pages anew.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from fer_edge.files import write_bytes
from tools.generate.shrink import shrink_network
from tools.pages.variants import MODELS

ROOT = Path(__file__).parents[2]
BUNDLED = ("float16", "models/int8.toml")


def main() -> int:
    """Bundle the named networks, or both."""
    for name in sys.argv[1:] or MODELS:
        model = ROOT / f"models/{name}.keras"
        if (trained := ROOT / f"runs/{name}/model.keras").is_file():
            write_bytes(model, shrink_network(trained.read_bytes()))
        recipes = [option for recipe in BUNDLED for option in ("--to", recipe)]
        folder = ROOT / "fer_edge/assets"
        command = ["convert", str(model), *recipes, "--out", str(folder), "--max-drop", "0.5", "--force"]
        if code := subprocess.run([sys.executable, "-m", "fer_edge", *command], check=False, cwd=ROOT).returncode:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())

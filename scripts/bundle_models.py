"""Bundle the networks of two runs: ``python scripts/bundle_models.py [edge_cnn_s] [edge_cnn_m]``.

Copies ``runs/NAME/model.keras``, where a run has just written one, to models/, and converts it to the float16 and
int8 files in fer_edge/assets/, the latter by models/int8.toml, each verified on FER2013. `make docs` and its siblings
then write the pages anew.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from variants import MODELS

ROOT = Path(__file__).parent.parent
BUNDLED = ("float16", "models/int8.toml")


def main() -> int:
    """Bundle the named networks, or both."""
    for name in sys.argv[1:] or MODELS:
        model = ROOT / f"models/{name}.keras"
        if (trained := ROOT / f"runs/{name}/model.keras").is_file():
            shutil.copy(trained, model)
        recipes = [option for recipe in BUNDLED for option in ("--to", recipe)]
        folder = ROOT / "fer_edge/assets"
        command = ["convert", str(model), *recipes, "--out", str(folder), "--max-drop", "0.5", "--force"]
        if code := subprocess.run([sys.executable, "-m", "fer_edge", *command], check=False, cwd=ROOT).returncode:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())

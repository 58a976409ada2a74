"""`fer-edge demo`, which `make demo` runs."""

from __future__ import annotations

from pathlib import Path

from fer_edge import console, dataset
from fer_edge.commands.bench import bench
from fer_edge.commands.convert import convert


def demo(model: Path, data: str | None, out: Path) -> None:
    """Convert the bundled model three ways and bench the results, with FER2013 or without."""
    if data is None and dataset.find_data(None) is None:
        console.print_warning(
            "FER2013 was not found, so int8 is calibrated on 50 of the public faces of scikit-image, and "
            f"agreement with float32 stands in place of accuracy. {dataset.how_to_get()}"
        )
        data = dataset.PUBLIC_FACES
    outcomes = convert(
        model,
        recipe_names=["float32", "float16", "int8"],
        data=data,
        out=out,
        calibration_size=None,
        seed=0,
        max_drop=100.0,  # the bench below shows the drop, whatever it is
        force=True,
        as_json=False,
    )
    models = [str(outcome.path) for outcome in outcomes]
    bench(
        models,
        baseline=models[0],
        data=data,
        split=None,
        threads="1",
        quick=True,
        seed=0,
        json_file=out / "report.json",
        force=True,
    )

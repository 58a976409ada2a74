"""`fer-edge inspect`."""

from __future__ import annotations

from pathlib import Path

import click

from fer_edge.cli.options import (
    FILE,
    architecture_option,
    data_option,
    examples,
    force_option,
    json_option,
    stating_options,
)
from fer_edge.cli.shared import read_model_bytes, require_chart
from fer_edge.cli.stated import convert_to_float32, is_keras, read_statement
from fer_edge.errors import ModelError
from fer_edge.output import console


@click.command(epilog=examples("fer-edge inspect edge_cnn_s", "fer-edge inspect model.tflite --chart cost.svg"))
@click.argument("model")
@click.option("--chart", type=FILE, metavar="FILE.svg", help="Draw the cost per operator; or .png.")
@data_option
@stating_options
@architecture_option
@force_option
@json_option
def command(
    model: str,
    chart: Path | None,
    data: str | None,
    labels: str | None,
    input_range: str | None,
    colour: str | None,
    architecture: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Show what a model file contains and costs, by operator.

    MODEL is any .tflite file, or a bundled name, or a Keras network: then its float32 file is shown, with what was
    assumed of it. Data and statements are for Keras networks alone.
    """
    from fer_edge.output.model_table import print_inspection
    from fer_edge.runtime.inspection import as_content, examine

    if chart is not None:
        require_chart(chart, force=force)
    statement = read_statement(labels, input_range, colour)
    if is_keras(model):
        name, content = convert_to_float32(model, architecture, statement, data)
        found = examine(Path(name), content)
    elif statement or architecture or data:
        raise ModelError(
            f"{model} is no Keras network, and its graph is shown as it is: state nothing. 'fer-edge describe' notes "
            "what a .tflite file expects."
        )
    else:
        found = examine(*read_model_bytes(model))
    if chart is not None:
        from fer_edge.output.charts import plot_cost

        plot_cost(chart, found.cost, found.path.name)
    if as_json:
        console.print_json(as_content(found))
        return
    print_inspection(found)
    if chart is not None:
        console.print_line(f"Wrote {chart}")

"""Write the matrix products that the bench takes a core's arithmetic peak from; needs TensorFlow.

    python -m tools.generate.matmul_models

One FULLY_CONNECTED each: 256 rows times a 256 x 256 matrix, 16.8 million multiply-accumulates. Large
enough that the call does not count, small enough that the matrix stays in the cache of a Raspberry Pi.
The values do not matter to the time; few distinct ones keep the files small once packed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from fer_edge.runtime.quiet import silenced

FOLDER = Path(__file__).parents[2] / "fer_edge/benchmarks/matmul"
SIZE = 256


def main() -> int:
    """Write both files."""
    for name in ("float32", "int8"):
        path = FOLDER / f"{name}.tflite"
        path.write_bytes(convert(integer=name == "int8"))
        print(f"{path.name}: {path.stat().st_size:,} bytes")
    return 0


def convert(*, integer: bool) -> bytes:
    """Return the model with float32 or with int8 weights and activations."""
    import keras
    import tensorflow as tf

    inputs = keras.Input(batch_shape=(SIZE, SIZE))
    dense = keras.layers.Dense(SIZE, use_bias=False)
    network = keras.Model(inputs, dense(inputs))
    values = np.tile(np.linspace(-0.5, 1, SIZE, dtype=np.float32), (SIZE, 1))
    dense.set_weights([values])
    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    if integer:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: [[values]]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    with silenced():
        return bytes(converter.convert())


if __name__ == "__main__":
    sys.exit(main())

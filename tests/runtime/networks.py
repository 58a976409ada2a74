"""Small TFLite files as other makers write them: other sizes, colours, ranges, types and layouts."""

from __future__ import annotations

import numpy as np

Shape = tuple[int, int, int]


def make_flatbuffer(
    shape: Shape = (64, 64, 3), outputs: int = 6, *, softmax: bool = True, integer: bool = False, layout: str = "hwc"
) -> bytes:
    """Return a bare FlatBuffer whose answers depend on where in a picture there is which colour.

    Float files take what they are given; integer ones were calibrated on values -1..1.
    """
    import keras
    import tensorflow as tf

    from fer_edge.runtime.quiet import silenced

    keras.utils.set_random_seed(4)
    height, width, channels = shape
    order = (channels, height, width) if layout == "chw" else shape
    inputs = keras.Input(batch_shape=(1, *order))
    pixels = keras.layers.Permute((2, 3, 1))(inputs) if layout == "chw" else inputs
    coarse = keras.layers.AveragePooling2D((height // 4, width // 4))(pixels)
    scores = keras.layers.Dense(outputs, kernel_initializer=keras.initializers.RandomNormal(stddev=0.5))(
        keras.layers.Flatten()(coarse)
    )
    network = keras.Model(inputs, keras.layers.Softmax()(scores) if softmax else scores)
    with silenced():
        converter = tf.lite.TFLiteConverter.from_keras_model(network)
        if integer:
            rng = np.random.default_rng(0)
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = converter.inference_output_type = tf.uint8
            converter.representative_dataset = lambda: (
                [rng.uniform(-1, 1, (1, *order)).astype(np.float32).round(1)] for _ in range(20)
            )
        return bytes(converter.convert())

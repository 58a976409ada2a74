"""The copy of a network that is trained: the same network with faster arithmetic.

Its batch norm is one kernel, and it can compute in bfloat16, for CPUs where that is faster (docs/lab-notes.md has the
step times of two). The variables stay float32 and in the same order, so weights travel freely between this copy and
the float32 network that a run hands out.
"""

from __future__ import annotations

from typing import Any

import keras

from fer_edge.train.config import Precision


class FusedBatchNorm(keras.layers.BatchNormalization):  # type: ignore[misc]  # Keras has no types
    """Batch norm over channels-last images in one kernel.

    Keras computes the moments piece by piece, which costs a quarter of a float32 step and a third of a bfloat16 one.
    TensorFlow's fused kernel also reads and writes bfloat16, and keeps the statistics in float32.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # scale and offset must reach the kernel as float32

    def compute_output_spec(self, inputs: keras.KerasTensor, **_: Any) -> keras.KerasTensor:
        """Return the input's shape and dtype: symbolic tensors do not reach the kernel."""
        return keras.KerasTensor(inputs.shape, dtype=inputs.dtype)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalise by the batch's own moments when training, by the moving ones otherwise."""
        if not training:
            return super().call(inputs, training=False, mask=mask)
        import tensorflow as tf  # not above: the other backends do without it

        normal, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma.value,
            offset=self.beta.value,
            mean=tf.zeros([0]),
            variance=tf.zeros([0]),
            epsilon=self.epsilon,
            is_training=True,
        )
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + batch * (1 - self.momentum))
        return normal


def fast_copy(network: keras.Model, precision: Precision) -> keras.Model:
    """Return a copy of `network` that trains faster, with the same float32 weights.

    In bfloat16 the last layer stays in float32: a softmax in bfloat16 has but three digits.
    """
    last = network.layers[-1].name

    def copy(layer: keras.layers.Layer) -> keras.layers.Layer:
        config = layer.get_config()
        if precision == "bfloat16" and layer.name != last:
            config["dtype"] = "mixed_bfloat16"
        kind = type(layer)
        fusable = kind is keras.layers.BatchNormalization and len(layer.input.shape) == 4  # the kernel is for images
        if fusable and keras.backend.backend() == "tensorflow":
            kind = FusedBatchNorm
        return kind.from_config(config)

    twin = keras.models.clone_model(network, clone_function=copy)
    twin.set_weights(network.get_weights())
    return twin

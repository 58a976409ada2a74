"""Recurrent layers for int8: TensorFlow Lite crashes on quantising their loops, and takes them written out."""

from __future__ import annotations

from typing import Any

import keras

from fer_edge.errors import ModelError

MOST_STEPS = 256
"""Beyond so many steps a written-out loop would be a file of thousands of operators."""


def recurrent_layers(network: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers that loop over time steps, through networks inside networks and wrappers."""
    return [layer for layer in network._flatten_layers(include_self=False) if _loops(layer)]


def unroll(network: keras.Model) -> keras.Model:
    """Return a network of equal answers whose recurrent layers are written out step by step.

    Raises:
        ModelError: it is of the author's own class, or takes any number of steps, or too many.
    """
    names = ", ".join(f"{type(layer).__name__} '{layer.name}'" for layer in recurrent_layers(network))
    try:
        copy = keras.models.clone_model(network, clone_function=_unrolled, recursive=True)
        copy.set_weights(network.get_weights())
    except Exception as error:  # Keras's own errors have no common base
        raise ModelError(
            f"'{network.name}' has recurrent layers ({names}), which TensorFlow Lite cannot quantise. Build them with "
            "unroll=True, or convert to float16."
        ) from error
    return copy


def _loops(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.RNN) and not getattr(layer, "unroll", False)


def _unrolled(layer: keras.layers.Layer) -> keras.layers.Layer:
    config = layer.get_config()
    if isinstance(layer, keras.layers.RNN):
        _require_steps(layer)
        config["unroll"] = True
    elif isinstance(layer, keras.layers.Bidirectional):
        _require_steps(layer.forward_layer)
        for part in ("layer", "backward_layer"):
            if isinstance(config.get(part), dict):
                config[part]["config"]["unroll"] = True
    return layer.__class__.from_config(config)


def _require_steps(layer: Any) -> None:
    shape = layer.input_spec[0].shape if isinstance(layer.input_spec, list) else None
    steps = layer.input.shape[1] if hasattr(layer, "input") and shape is None else (shape or (None, None))[1]
    if steps is None and getattr(layer, "_inbound_nodes", None):
        steps = layer.input.shape[1]
    if steps is None or steps > MOST_STEPS:
        raise ValueError(f"{steps} time steps")

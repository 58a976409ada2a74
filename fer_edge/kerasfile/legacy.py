"""Descriptions of networks as older versions of Keras wrote them, rewritten so that Keras 3 reads them.

Only the description changes; weights stay as they are. Of a network trained in half or double precision it
becomes that of its float32 twin, which is what is converted.
"""

from __future__ import annotations

import copy
from typing import Any

_OLD_NAMES = {
    "Model": "Functional",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
}
_OLD_MODULES = ("tf_keras", "keras.engine", "keras.src.engine")
_INPUT_HINTS = ("batch_input_shape", "input_dtype", "input_dim", "input_length")
_FLOATS = {"float16", "bfloat16", "float64", "mixed_float16", "mixed_bfloat16"}

_DROPPED: dict[str, dict[str, tuple[Any, ...]]] = {
    "DepthwiseConv2D": {
        "groups": (1, None),
        "filters": (None,),
        "kernel_initializer": (),
        "kernel_regularizer": (),
        "kernel_constraint": (),
    },
    "SeparableConv2D": {
        "groups": (1, None),
        "kernel_initializer": (),
        "kernel_regularizer": (),
        "kernel_constraint": (),
    },
    "Conv2DTranspose": {"groups": (1, None)},
    "LSTM": {"implementation": (), "time_major": (False, None)},
    "GRU": {"implementation": (), "time_major": (False, None)},
    "SimpleRNN": {"implementation": (), "time_major": (False, None)},
    "BatchNormalization": {"renorm": (False, None), "fused": (), "virtual_batch_size": (None,), "adjustment": (None,)},
    "InputLayer": {"ragged": (False, None)},
}
"""What older versions wrote of a layer and Keras 3 refuses: class -> field -> the values that mean nothing (none
listed: all of them, since the field says how to compute or begin, not what)."""


def rewrite(config: dict[str, Any]) -> dict[str, Any]:
    """Return the description that Keras 3 reads; an equal one where it reads the given.

    Args:
        config: of a network, as its file has it.
    """
    rewritten = copy.deepcopy(config)
    _rewrite_layer(rewritten)
    return rewritten


def _rewrite_layer(layer: Any) -> None:
    """Rewrite a layer or network in place, and what is inside it."""
    if not isinstance(layer, dict) or not isinstance(layer.get("class_name"), str):
        return
    modern, kind = isinstance(layer.get("module"), str), str(layer["class_name"])
    if not modern:
        kind = layer["class_name"] = _OLD_NAMES.get(kind, kind)
    if modern and layer["module"].startswith(_OLD_MODULES):
        layer["module"] = {"Functional": "keras.src.models.functional", "Sequential": "keras"}.get(kind, "keras.layers")
    if kind == "Sequential":
        _rewrite_sequential(layer)
    inner = layer.get("config")
    if not isinstance(inner, dict):
        return
    _rewrite_fields(kind, inner)
    for value in inner.values():
        for part in value if isinstance(value, list) else [value]:
            _rewrite_layer(part)


def _rewrite_sequential(layer: dict[str, Any]) -> None:
    """Give a stack of layers the form with a name and with its input as the first layer."""
    inner = layer["config"]
    if isinstance(inner, list):  # Keras 2.0
        inner = layer["config"] = {"name": "sequential", "layers": inner}
    stack = inner.get("layers") if isinstance(inner, dict) else None
    if not isinstance(stack, list) or not stack:
        return
    first = stack[0]
    if (
        not isinstance(first, dict)
        or first.get("class_name") == "InputLayer"
        or not isinstance(first.get("config"), dict)
    ):
        return
    shape = first["config"].get("batch_input_shape")
    if shape is None and isinstance(first["config"].get("layers"), list):  # a network inside: its own input counts
        return
    if shape is not None:
        entry = {"batch_shape": shape, "dtype": "float32", "sparse": False, "name": "input"}
        stack.insert(0, {"class_name": "InputLayer", "config": entry})


def _rewrite_fields(kind: str, inner: dict[str, Any]) -> None:
    shape = inner.get("batch_input_shape")
    if kind == "InputLayer" and shape is not None:
        inner.setdefault("batch_shape", shape)
    if kind not in {"Embedding", "Functional", "Sequential"}:
        for name in _INPUT_HINTS:
            inner.pop(name, None)
    for name, harmless in _DROPPED.get(kind, {}).items():
        if name in inner and (not harmless or inner[name] in harmless):
            del inner[name]
    if kind == "BatchNormalization" and isinstance(inner.get("axis"), list) and len(inner["axis"]) == 1:
        inner["axis"] = inner["axis"][0]
    if _policy(inner.get("dtype")) in _FLOATS:
        inner["dtype"] = "float32"


def _policy(dtype: Any) -> str | None:
    """Return the name of a dtype or of a policy, however it is written."""
    if isinstance(dtype, dict) and isinstance(dtype.get("config"), dict):
        dtype = dtype["config"].get("name")
    return dtype if isinstance(dtype, str) else None

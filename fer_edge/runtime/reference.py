"""The reference kernels: the arithmetic of microcontrollers, which rounds int8 otherwise than XNNPACK does."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.errors import ModelError
from fer_edge.runtime.interpreter import import_interpreter, package_version


def ask_reference(flatbuffer: bytes, images: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
    """Return the raw outputs (N x classes) of a model's reference kernels, which are slow.

    TensorFlow Lite for Microcontrollers and fer-edge's generated C give the same, bit for bit.

    Args:
        flatbuffer: a verified model with one input and one output.
        images: N x the shape of the input without its first dimension.

    Raises:
        ModelError: no interpreter is installed, or it cannot run the model.
    """
    name, module = import_interpreter()
    try:
        interpreter = module.Interpreter(model_content=flatbuffer, **_options(module))
        interpreter.allocate_tensors()
        source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        outputs = []
        for image in images:
            interpreter.set_tensor(source["index"], image[np.newaxis].astype(source["dtype"], copy=False))
            interpreter.invoke()
            outputs.append(interpreter.get_tensor(target["index"])[0])
    except (ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise ModelError(f"{name} {package_version(name)} cannot run the model: {reason}") from error
    return np.stack(outputs)


def ask_reference_apart(flatbuffer: bytes, images: npt.NDArray[np.uint8]) -> npt.NDArray[Any] | None:
    """Return what `ask_reference` returns, from a process of its own; None if the kernels refuse the model or end it.

    Some networks that XNNPACK runs make the reference kernels abort: MobileNetV2 at 32x32 did.
    """
    given = io.BytesIO()
    np.savez(given, flatbuffer=np.frombuffer(flatbuffer, np.uint8), images=images)
    command = [sys.executable, "-m", "fer_edge.runtime.reference"]
    done = subprocess.run(command, input=given.getvalue(), capture_output=True, check=False)
    return np.load(io.BytesIO(done.stdout)) if done.returncode == 0 else None


def _options(module: Any) -> dict[str, Any]:
    """Return what chooses the reference kernels; fer-edge's own C has no others."""
    kernels = getattr(module, "OpResolverType", None)
    return {} if kernels is None else {"experimental_op_resolver_type": kernels.BUILTIN_REF}


def _serve() -> None:
    """Read a model and images from stdin, and write the outputs to stdout."""
    given = np.load(io.BytesIO(sys.stdin.buffer.read()))
    outputs = io.BytesIO()
    np.save(outputs, ask_reference(given["flatbuffer"].tobytes(), given["images"]))
    sys.stdout.buffer.write(outputs.getvalue())


if __name__ == "__main__":
    _serve()

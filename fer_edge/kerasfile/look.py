"""What a file is, by its first bytes, before TensorFlow loads.

Nothing here runs anything of the file.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_edge.errors import ModelError, install_hint
from fer_edge.text import printable
from fer_edge.unpacking import find_bomb

KERAS_SUFFIXES = (".keras", ".h5", ".hdf5")
MAX_CONFIG_BYTES = 10_000_000
"""Of a network's description, and of any .json in a .keras file; ResNet-152's has half a megabyte."""

LOOK_SECONDS = 60.0
LOOK_BYTES_PER_SECOND = 5_000_000
"""How long looking into weights may take, so that HDF5 cannot hang: once, and for the bytes of a file."""

HEAD_BYTES = 4096

CODE_LAYERS = {"Lambda", "__lambda__", "TFSMLayer", "TorchModuleWrapper", "FlaxLayer", "JaxLayer"}
"""Layers that hold, or load, code that the file brings along."""

TENSOR_LAYERS = {"TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", "ClassMethod", "InstanceProperty"}
"""What older versions made of a TensorFlow function in the middle of a network; Keras 3 has no such thing."""

WITHOUT_NETWORK = (
    "weights without the network that they belong to. Name it with --architecture: a JSON file of model.to_json(), or "
    "MODULE:FUNCTION of the code that builds it."
)
FROM_TORCH = "Export it with litert-torch, then tell 'fer-edge describe' what the .tflite file expects."
FROM_ONNX = "Convert it with onnx2tf, then tell 'fer-edge describe' what the .tflite file expects."


@dataclass(frozen=True)
class KerasFile:
    """What a Keras file is.

    Attributes:
        kind: "keras" (a ZIP of Keras 3 or tf_keras), "h5", "weights" (an .h5 without architecture) or "folder"
            (a SavedModel).
        config: the network's description; empty for "weights" and "folder".
    """

    kind: str
    config: dict[str, Any]


def look_at(path: Path) -> KerasFile:
    """Return what lies at `path`.

    Raises:
        ModelError: nothing, no network, a network of another framework, or one with code inside; the message says
            which, and how to get from there.
    """
    if path.is_dir():
        return _look_at_folder(path)
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise ModelError(f"Expected a Keras network at {path}: {error.strerror or error}.") from error
    if head.startswith(b"PK\x03\x04"):
        return _look_at_zip(path)
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return _look_at_h5(path)
    raise ModelError(f"{path}: {_name_stranger(head, path)}")


def _name_stranger(head: bytes, path: Path) -> str:
    """Return what a file is that is no Keras network, and what to do about it."""
    if not head:
        return "the file is empty. Download it again."
    for is_it, remedy in _STRANGERS:
        if is_it(head, path.suffix.lower()):
            return remedy
    return (
        f"no Keras network: expected a .keras or .h5 file or a SavedModel folder, got a file that begins {head[:8]!r}."
    )


def _text(head: bytes) -> bytes:
    return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:512].lower()


_STRANGERS: tuple[tuple[Callable[[bytes, str], bool], str], ...] = (
    (
        lambda head, _: head.startswith(b"version https://git-lfs"),
        "only a Git LFS pointer of 130 bytes, not the network. Run 'git lfs pull', or download the file itself.",
    ),
    (
        lambda head, _: _text(head).startswith((b"<!doctype", b"<html", b"<head", b"<?xml")),
        "a web page, not the network. Download the file itself, with the page's download button.",
    ),
    (
        lambda head, _: head[4:8] == b"TFL3",
        "a TFLite file already. 'fer-edge describe' notes what it expects, and then every command runs it.",
    ),
    (lambda head, _: head.startswith(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."), f"a PyTorch file. {FROM_TORCH}"),
    (
        lambda head, _: head[:1] == b"\x80" and head[1:2] in {b"\x02", b"\x03", b"\x04", b"\x05"},
        "a Python pickle, which may run code when it is opened. Save the network with model.save('x.keras').",
    ),
    (
        lambda head, suffix: suffix == ".onnx" or (head[:1] == b"\x08" and (b"onnx" in head or b"pytorch" in head)),
        f"an ONNX network. {FROM_ONNX}",
    ),
    (
        lambda head, _: head[8:10] == b'{"' and int.from_bytes(head[:8], "little") < 100_000_000,
        f"a safetensors file: weights without a network. {FROM_TORCH}",
    ),
    (
        lambda head, _: (
            head.startswith((b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ")) or head[257:262] == b"ustar"
        ),
        "a packed archive. Unpack it first, and name the network inside.",
    ),
    (
        lambda head, _: _text(head).startswith(b"{"),
        "JSON: an architecture without weights. Name the weights, and this file with --architecture.",
    ),
    (
        lambda _, suffix: suffix == ".pb",
        "a part of a TensorFlow graph. Name the folder of the whole SavedModel.",
    ),
    (lambda _, suffix: suffix in {".pt", ".pth"}, f"perhaps a PyTorch file, damaged. {FROM_TORCH}"),
    (lambda head, _: not head.strip(b"\0"), "it begins with zeros: it was never written to its end. Copy it again."),
)
"""How to recognise what people take for a Keras network, and what to tell them; the first that fits counts."""


def _look_at_folder(path: Path) -> KerasFile:
    if (path / "saved_model.pb").is_file():
        if not (path / "variables").is_dir():
            raise ModelError(f"{path}: a SavedModel without its folder 'variables', so without weights. Copy it whole.")
        return KerasFile("folder", {})
    names = {entry.name for entry in path.iterdir()}
    if {"config.json", "model.weights.h5"} <= names:
        raise ModelError(f"{path}: an unpacked .keras file. Pack it again: cd {path} && zip ../{path.name}.keras *")
    if "model.json" in names and any(name.endswith(".bin") for name in names):
        raise ModelError(f"{path}: a network of TensorFlow.js. Convert it back with tensorflowjs_converter.")
    if "checkpoint" in names or any(name.endswith(".index") for name in names):
        raise ModelError(
            f"{path}: a TensorFlow checkpoint: weights without a network. Load it in Python, and model.save('x.keras')."
        )
    nets = sorted(name for name in names if name.endswith(KERAS_SUFFIXES))
    inside = f"; inside is {nets[0]}" if nets else ""
    raise ModelError(f"{path}: expected a .keras or .h5 file, or a SavedModel folder, got another folder{inside}.")


def _look_at_zip(path: Path) -> KerasFile:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if "config.json" in names:
                check_members(archive, path)
                config = _parse(archive.read("config.json"), path)
                check_layers(config, path)
                return KerasFile("keras", config)
    except ModelError:
        raise
    except Exception as error:  # zipfile and what unpacks for it raise a dozen kinds; all mean the same here
        raise ModelError(f"{path}: cut off or damaged ({error}). Copy or download it again.") from error
    if any(name.endswith("data.pkl") for name in names):
        raise ModelError(f"{path}: a PyTorch file. {FROM_TORCH}")
    inside = next((name for name in names if name.endswith((*KERAS_SUFFIXES, "saved_model.pb"))), None)
    about = f"with {inside} inside. Unpack it, and name that" if inside else "without a network inside"
    raise ModelError(f"{path}: a .zip archive {about}.")


def check_members(archive: zipfile.ZipFile, path: Path) -> None:
    """Refuse a .keras file with a member that Keras, which reads them whole, would fill the memory with.

    Raises:
        ModelError: there is one, or the weights are damaged.
    """
    texts = (entry for entry in archive.infolist() if entry.filename.endswith(".json"))
    long_text = next((entry for entry in texts if entry.file_size > MAX_CONFIG_BYTES), None)
    if bomb := long_text or find_bomb(archive, path):
        raise ModelError(
            f"{path}: its {printable(bomb.filename)} unpacks to {bomb.file_size:,} bytes, more than a network of "
            "this size needs. Save it again with model.save('x.keras')."
        )
    for entry in archive.infolist():
        if entry.filename.endswith(".h5"):
            _look_inside(path, entry.filename)


def _look_at_h5(path: Path) -> KerasFile:
    inside = _look_inside(path)
    groups, attributes = set(inside["groups"]), set(inside["attributes"])
    if inside["text"] is None:
        if attributes & {"layer_names", "weights_version"} or groups & {"layers", "_layer_checkpoint_dependencies"}:
            return KerasFile("weights", {})
        raise ModelError(
            f"{path}: an .h5 file, but not of Keras: it holds {printable(', '.join(sorted(groups)[:5])) or 'nothing'}."
        )
    config = _parse(inside["text"], path)
    check_layers(config, path)
    return KerasFile("h5", config)


def _look_inside(path: Path, member: str = "") -> dict[str, Any]:
    """Return what `fer_edge.kerasfile.hdf5` says of an HDF5 file, or of one in a .keras file, if it is sound.

    Raises:
        ModelError: it is damaged, or a part is refused; or h5py is not installed.
    """
    if importlib.util.find_spec("h5py") is None:
        raise ModelError(f"{path}: Keras files need h5py, which comes with TensorFlow: {install_hint('train')}.")
    file = path.stat()
    return _ask_apart(path, member, (file.st_ino, file.st_size, file.st_mtime_ns))


@functools.lru_cache(maxsize=8)  # a command looks twice: before it loads TensorFlow, and when it loads the network
def _ask_apart(path: Path, member: str, state: tuple[int, ...]) -> dict[str, Any]:
    command = [sys.executable, "-m", "fer_edge.kerasfile.hdf5", str(path), *([member] if member else [])]
    seconds = LOOK_SECONDS + state[1] / LOOK_BYTES_PER_SECOND
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=seconds)
        inside: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.SubprocessError, ValueError) as error:
        raise ModelError(f"{path}: an .h5 file that is cut off or damaged. Copy or download it again.") from error
    if "refused" in inside:
        raise ModelError(f"{path}: {inside['refused']}")
    return inside


def _parse(text: str | bytes, path: Path) -> dict[str, Any]:
    try:
        config = json.loads(text) if len(text) <= MAX_CONFIG_BYTES else None
    except (ValueError, RecursionError):
        config = None
    if not isinstance(config, dict) or "class_name" not in config:
        raise ModelError(f"{path}: its description of the network is damaged. Copy or download it again.")
    return config


def check_layers(config: dict[str, Any], path: Path) -> None:
    """Refuse layers that hold code of the file, or that Keras 3 does not have, by name.

    Raises:
        ModelError: there is one.
    """
    for layer in _walk(config):
        kind = layer.get("class_name")
        named = (layer.get("config") or {}).get("name") if isinstance(layer.get("config"), dict) else None
        title = f"{kind} '{named or layer.get('name') or ''}'"
        if kind in CODE_LAYERS:
            what = "a Lambda layer" if kind in {"Lambda", "__lambda__"} else title
            raise ModelError(
                f"{path}: it holds Python code ({what}), which is not run from a file. Build it of "
                "Keras's own layers, or name your code with --architecture MODULE:FUNCTION."
            )
        if kind in TENSOR_LAYERS:
            raise ModelError(
                f"{path}: its layer {title} is a bare TensorFlow function, which Keras 3 cannot load. Save it as a "
                "SavedModel with the TensorFlow that made it (model.save('folder')), and name the folder."
            )
        registered, module = layer.get("registered_name"), layer.get("module")
        own = isinstance(registered, str) and ">" in registered and not registered.startswith(("keras", "Keras"))
        if own or (isinstance(module, str) and module and not module.startswith(("keras", "tf_keras", "builtins"))):
            raise ModelError(
                f"{path}: its layer {title} is of the author's own code ({registered or module}). Name the code that "
                "builds the network with --architecture MODULE:FUNCTION."
            )


def _walk(value: Any) -> list[dict[str, Any]]:
    """Return every part of a description that names a class, without recursion: it may be deep."""
    found, left = [], [value]
    while left:
        item = left.pop()
        if isinstance(item, dict):
            if isinstance(item.get("class_name"), str):
                found.append(item)
            left.extend(item.values())
        elif isinstance(item, list):
            left.extend(item)
    return found

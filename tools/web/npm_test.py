"""Installs the npm package into a fresh project, as its users do; browser_test.py calls it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np

from fer_edge.files import write_all
from fer_edge.modelfile.metadata import read_model
from fer_edge.runtime.bundled import find_model
from fer_edge.runtime.preprocess import decode_picture, encode_picture, to_face
from fer_edge.runtime.reference import ask_reference
from fer_edge.web.site import SAMPLE_FACE
from tools.web.browsers import BUILD, ROOT
from tools.web.build_npm import build_package

EXAMPLE = ROOT / "examples/web/index.html"
MODEL = "edge_cnn_s"
SHARE = 0.7
"""Of the edge of `SAMPLE_FACE`, as in square.js: so much of its middle is the face."""
MOST_BYTES = 30_000

TYPED = """
import { EmotionClassifier, EmotionStream, FaceDetector, FerEdgeError, type Picture } from "fer-edge";
export async function read(url: URL, picture: Picture): Promise<string> {
  const classifier = await EmotionClassifier.load(url), detector = await FaceDetector.load("detector.tflite");
  const [box] = detector.detect(picture), { probabilities } = classifier.predictBox(picture, box, detector.framing);
  const { faces, events } = new EmotionStream(classifier, detector, { lead: 0.2 }).update(picture, 0);
  if (!faces.length) throw new FerEdgeError("none", `${probabilities[0].toFixed(2)} ${events[0]?.emotion.length}`);
  return classifier.predict(picture).label;
}
// @ts-expect-error: a picture has a width and a height
export const wrong = async (url: URL) => (await EmotionClassifier.load(url)).predict(new Uint8Array(4));
"""

PROGRAM = """
import { readFileSync } from "node:fs";
import { EmotionClassifier } from "fer-edge";
const [model, ...pictures] = process.argv.slice(2), classifier = await EmotionClassifier.load(model);
console.log(JSON.stringify(pictures.map((name) => {
  const [width, height] = name.match(/[0-9]+/g).map(Number);
  return [...classifier.predict({ data: new Uint8Array(readFileSync(name)), width, height }).probabilities];
})));
"""


def make_project(folder: Path, sample: Path) -> int:
    """Pack the package, and install it beside the example and the sample's face; return the bytes of the archive.

    Raises:
        subprocess.CalledProcessError: npm failed.
    """
    package = folder.with_name("package")
    write_all({package / name: content for name, content in build_package().items()})
    packed = npm("pack", "--json", str(package), folder=folder.parent)
    archive = folder.with_name(json.loads(packed)[0]["filename"])
    folder.mkdir()
    (folder / "package.json").write_text('{"type": "module"}')
    npm("install", "--no-audit", "--no-fund", "--offline", str(archive), folder=folder)
    shutil.copy(EXAMPLE, folder)
    (folder / "face.jpg").write_bytes(cut_face_of(sample))
    shutil.copy(find_model(MODEL), folder)
    return archive.stat().st_size


def cut_face_of(sample: Path) -> bytes:
    """Return the face in the page's sample as JPEG: the example, which finds no faces, reads a picture of one."""
    left, top, right, bottom = SAMPLE_FACE
    border = round((1 - SHARE) / 2 * (right - left))
    picture = decode_picture(sample.read_bytes())
    return encode_picture(picture[top + border : bottom - border, left + border : right - border], ".jpg")


def npm(*arguments: str, folder: Path) -> str:
    """Run npm in a folder; return what it prints."""
    return subprocess.run(["npm", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout  # noqa: S607


def type_errors(folder: Path) -> str:
    """Return what TypeScript says of a program that uses the package; empty if nothing."""
    (folder / "typed.mts").write_text(TYPED)
    flags = ("--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--lib", "es2022,dom")
    command = ["node", str(BUILD / "node_modules/typescript/bin/tsc"), *flags, "typed.mts"]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True).stdout


def equal_in_node(folder: Path, pictures: list[np.ndarray]) -> int:
    """Return for how many pictures the installed package gives the probabilities of the reference kernels."""
    (folder / "program.js").write_text(PROGRAM)
    names = []
    for picture in pictures:
        names.append(f"{picture.shape[1]}x{picture.shape[0]}")
        (folder / names[-1]).write_bytes(cv2.cvtColor(picture, cv2.COLOR_BGR2RGBA).tobytes())
    command = ["node", "program.js", Path(find_model(MODEL)).name, *names]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    faces = np.stack([to_face(picture) for picture in pictures])
    expected = ask_reference(read_model(find_model(MODEL)).flatbuffer, faces) / np.float32(256)
    return int(np.count_nonzero((np.array(json.loads(done.stdout)) == expected).all(axis=1)))

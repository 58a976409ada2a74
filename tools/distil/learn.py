"""Train the networks for devices on what the teachers answered to the very same views.

    python -m tools.distil.learn .gpu OUT --seconds 250

Needs views.npz of `teach` in the folder of the faces, and NAME.npz for each network that starts from weights.
Writes OUT/NAME.npz, which `export` makes a Keras network of, and OUT/students.json.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import nn

from tools.distil.faces import Faces, read_faces
from tools.distil.fit import Schedule, accuracy, fit, reestimate_batch_norm
from tools.distil.networks import EdgeCnn
from tools.distil.teach import class_weights, render_view
from tools.distil.views import EDGE, erase
from tools.distil.watch import Watch, run_side_by_side, set_up
from tools.distil.weights import read_weights, write_weights


@dataclass(frozen=True)
class Student:
    """How one network is built and trained; `taught` is the share of the teachers in its targets."""

    widths: list[int]
    blocks: list[int]
    stem: list[int] = field(default_factory=list)
    rate: float = 0.1
    taught: float = 0.8
    weight_decay: float = 2e-4
    erasing: float = 0.1
    balance: float = 0.35
    batch: int = 256


STUDENTS = {
    "edge_cnn_m": Student([32, 64, 120], [2, 3, 2], [16]),
    "edge_cnn_l": Student([64, 128, 256], [1, 2, 2], [16], weight_decay=5e-4, erasing=0.3),
    "edge_cnn_s": Student([16, 32, 72], [1, 1, 2], weight_decay=1e-4, erasing=0.0),
    "edge_cnn_xs": Student([16, 32, 64, 96], [0, 1, 1, 1], weight_decay=1e-4, erasing=0.0),
}

LANES = [[("edge_cnn_m", 1.0)], [("edge_cnn_l", 1.0)], [("edge_cnn_s", 0.62), ("edge_cnn_xs", 1.0)]]
"""What trains side by side; each with the share of the time at which it ends."""


def train_one(name: str, folder: Path, out: Path, ends: float, limit: int) -> None:
    """Train a student until `ends` and write its weights and its record to `out`."""
    started, device = time.time(), set_up(name)
    plan = STUDENTS[name]
    faces = read_faces(folder, device, limit)
    network = EdgeCnn(plan.widths, plan.blocks, plan.stem)
    if (start := folder / f"{name}.npz").is_file():
        read_weights(network, start)
    network = network.to(device, memory_format=torch.channels_last)
    watch = Watch(name, faces, plan.batch)
    schedule = Schedule(ends, plan.rate, plan.weight_decay)
    averaged, steps = fit(network, _batches(faces, folder, plan, device), schedule, watch.tell)
    reestimate_batch_norm(averaged, faces.images[torch.randperm(len(faces.images), device=device)[:4096]])
    with torch.no_grad():
        held = accuracy(averaged(faces.held_images[:, None].float()), faces.held_labels)
    assert isinstance(averaged, EdgeCnn)
    write_weights(averaged, out / f"{name}.npz", half=False)
    record = watch.record(steps) | {"held_out": held, "seconds": time.time() - started, "plan": asdict(plan)}
    (out / f"{name}.json").write_text(json.dumps(record))
    print(f"{name:12} ends with {held:.2%} held out after {record['epochs']:.0f} epochs", flush=True)


def _batches(
    faces: Faces, folder: Path, plan: Student, device: torch.device
) -> Callable[[], tuple[torch.Tensor, torch.Tensor]]:
    with np.load(folder / "views.npz") as stored:
        answers = torch.from_numpy(stored["answers"][:, : len(faces.images)]).to(device)
    views = torch.stack([render_view(faces, number) for number in range(len(answers))])
    generator = torch.Generator(device).manual_seed(torch.initial_seed())
    labels, weights = faces.one_hot(), class_weights(faces.labels, plan.balance)

    def next_batch() -> tuple[torch.Tensor, torch.Tensor]:
        chosen = torch.multinomial(weights, plan.batch, replacement=True, generator=generator)
        number = torch.randint(len(views), (plan.batch,), generator=generator, device=device)
        shares = (answers[number, chosen].float() / 255) ** 2
        targets = (1 - plan.taught) * labels[chosen] + plan.taught * shares / shares.sum(1, keepdim=True)
        pixels = _jitter(views[number, chosen][:, None].float(), generator)
        return erase(pixels, plan.erasing, generator), targets

    return next_batch


def _jitter(pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Mirror half of the batch and move all of it by up to a pixel, which no teacher minds."""
    flip = torch.rand(len(pixels), 1, 1, 1, generator=generator, device=pixels.device) < 0.5
    pixels = torch.where(flip, pixels.flip(3), pixels)
    right, down = np.random.randint(0, 3, 2)
    return nn.functional.pad(pixels, (1, 1, 1, 1), "reflect")[:, :, down : down + EDGE, right : right + EDGE]


def main() -> None:
    """Train all students, in lanes side by side."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("faces", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seconds", type=float, default=250)
    parser.add_argument("--limit", type=int, default=10**9, help="training images, for a trial")
    parser.add_argument("--lane", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not (options.faces / "views.npz").is_file():
        parser.error(f"{options.faces} holds no views.npz: copy there what tools.distil.teach wrote.")
    options.out.mkdir(parents=True, exist_ok=True)
    if options.lane:
        for name, ends in zip(options.lane[::2], options.lane[1::2], strict=True):
            train_one(name, options.faces, options.out, float(ends), options.limit)
        return
    started = time.time()
    shared = [str(options.faces), str(options.out), "--limit", str(options.limit), "--lane"]
    lanes = [
        [text for name, share in lane for text in (name, str(started + share * options.seconds))] for lane in LANES
    ]
    run_side_by_side("tools.distil.learn", [[*shared, *lane] for lane in lanes])


if __name__ == "__main__":
    main()

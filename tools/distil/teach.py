"""Train teachers side by side on one GPU and write what they answer to many views of each training image.

    python -m tools.distil.teach .gpu OUT --seconds 280 --label-seconds 45

OUT/views.npz holds the averaged answers to random views, which `learn` draws again from the same seeds,
OUT/answers.npz those to the images as they are, and OUT/teachers.json what each reached on the held-out images.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from tools.distil.faces import Faces, read_faces
from tools.distil.fit import Schedule, accuracy, fit
from tools.distil.networks import EdgeCnn, resnet, vgg
from tools.distil.views import draw_views, erase, mix, render
from tools.distil.watch import Watch, run_side_by_side, set_up
from tools.distil.weights import write_weights

VIEW_SEED = 7000
"""Of the first view of all images; the others follow."""

CLEAN_VIEWS = 0.5
"""Share of the views that are sharp."""


@dataclass(frozen=True)
class Teacher:
    """How one teacher is built and trained; `votes` is the share of what the FER+ votes tell in its targets."""

    build: Callable[[], nn.Module]
    rate: float
    votes: float
    mixup: float
    weight_decay: float = 5e-4
    erasing: float = 0.25
    balance: float = 0.25
    batch: int = 256


TEACHERS = {
    "resnet": Teacher(lambda: resnet([64, 128, 256, 512], [2, 2, 2, 2], fine=32), 0.1, 0.3, 0.4),
    "vgg": Teacher(
        lambda: vgg([[48, 48], [96, 96], [192, 192, 192], [384, 384, 384], [512]]), rate=0.05, votes=0.3, mixup=0.2
    ),
    "wide": Teacher(lambda: resnet([80, 160, 320], [2, 3, 2], fine=24, dropout=0.4), 0.1, 0.5, 1.0),
    "squeeze": Teacher(lambda: resnet([64, 128, 256, 384], [2, 3, 3, 2], fine=24, squeeze=True), 0.1, 0.5, 0.2),
    "edge_cnn_l": Teacher(lambda: EdgeCnn([64, 128, 256], [1, 2, 2], [16]), 0.1, 0.3, 0.2, 3e-4, 0.15),
}


def train_one(
    name: str, folder: Path, scratch: Path, *, ends: float, label_ends: float, views: int, limit: int
) -> None:
    """Train a teacher until `ends`, then let it answer views until `label_ends`; write the answers to `scratch`."""
    device = set_up(name)
    plan = TEACHERS[name]
    faces = read_faces(folder, device, limit)
    network = plan.build().to(device, memory_format=torch.channels_last)
    watch = Watch(name, faces, plan.batch)
    schedule = Schedule(ends, plan.rate, plan.weight_decay)
    averaged, steps = fit(network, _batches(faces, plan, device), schedule, watch.tell)
    reads = watch.reader(averaged)
    held = reads.probabilities(faces.held_images)
    plain = (reads.probabilities(faces.images) + reads.probabilities(faces.images.flip(2))) / 2
    answers = []
    while not answers or (len(answers) < views and time.time() < label_ends):
        answers.append(reads.probabilities(render_view(faces, len(answers))).half().cpu().numpy())
    np.savez(
        scratch / f"{name}.npz", held=held.cpu().numpy(), plain=plain.half().cpu().numpy(), views=np.stack(answers)
    )
    record = watch.record(steps) | {"views": len(answers)}
    record |= {"held_out": accuracy(held, faces.held_labels), "training": accuracy(plain, faces.labels)}
    (scratch / f"{name}.json").write_text(json.dumps(record))
    if isinstance(averaged, EdgeCnn):
        write_weights(averaged, scratch / f"{name}_weights.npz")


def render_view(faces: Faces, number: int) -> torch.Tensor:
    """Return view `number` of all training images as uint8 N x 48 x 48; the same on every machine but for rounding."""
    views = draw_views(len(faces.images), CLEAN_VIEWS, torch.Generator().manual_seed(VIEW_SEED + number))
    return render(faces.images, views.to(faces.images.device))[:, 0].round().to(torch.uint8)


def class_weights(labels: torch.Tensor, balance: float) -> torch.Tensor:
    """Return how often each image is drawn: a class of n images (largest / n) ** balance times as often."""
    counts = torch.bincount(labels).float()
    return (counts.max() / counts[labels]) ** balance


def _batches(faces: Faces, plan: Teacher, device: torch.device) -> Callable[[], tuple[torch.Tensor, torch.Tensor]]:
    generator = torch.Generator(device).manual_seed(torch.initial_seed())
    targets = (1 - plan.votes) * faces.one_hot() + plan.votes * faces.posterior
    weights = class_weights(faces.labels, plan.balance)

    def next_batch() -> tuple[torch.Tensor, torch.Tensor]:
        chosen = torch.multinomial(weights, plan.batch, replacement=True, generator=generator)
        pixels = erase(render(faces.images[chosen], draw_views(plan.batch, 0.3, generator)), plan.erasing, generator)
        return mix(pixels, targets[chosen], plan.mixup, generator)

    return next_batch


def combine(faces: Faces, scratch: Path, out: Path) -> None:
    """Average the teachers' answers and write them, with what each and all together reached."""
    names = [name for name in TEACHERS if (scratch / f"{name}.npz").is_file()]
    stored = [np.load(scratch / f"{name}.npz") for name in names]
    count = min(len(one["views"]) for one in stored)
    held = np.mean([one["held"] for one in stored], axis=0)
    plain = np.mean([one["plain"].astype(np.float32) for one in stored], axis=0)
    views = np.mean([one["views"][:count].astype(np.float32) for one in stored], axis=0)
    np.savez_compressed(out / "views.npz", answers=np.round(255 * np.sqrt(views)).astype(np.uint8))
    np.savez_compressed(out / "answers.npz", data_sha256=np.array(faces.data_sha256), answers=plain.astype(np.float16))
    record = {name: json.loads((scratch / f"{name}.json").read_text()) for name in names}
    together = accuracy(torch.from_numpy(held), faces.held_labels.cpu())
    training = accuracy(torch.from_numpy(plain), faces.labels.cpu())
    record["together"] = {"held_out": together, "training": training, "views": count}
    (out / "teachers.json").write_text(json.dumps(record, indent=1))
    for name, one in record.items():
        print(f"{name:12} held out {one['held_out']:.2%}, training {one['training']:.2%}, views {one['views']}")
    for file in scratch.glob("*_weights.npz"):
        (out / file.name).write_bytes(file.read_bytes())


def main() -> None:
    """Train all teachers at once, each in a process of its own, and combine their answers."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("faces", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seconds", type=float, default=280)
    parser.add_argument("--label-seconds", type=float, default=45)
    parser.add_argument("--views", type=int, default=24)
    parser.add_argument("--limit", type=int, default=10**9, help="training images, for a trial")
    parser.add_argument("--teachers", nargs="+", choices=TEACHERS, default=list(TEACHERS))
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        name, ends, label_ends = options.one
        train_one(
            name,
            options.faces,
            options.out,
            ends=float(ends),
            label_ends=float(label_ends),
            views=options.views,
            limit=options.limit,
        )
        return
    if not (options.faces / "faces.npz").is_file():
        parser.error(f"{options.faces} holds no packed faces: write them with tools.distil.pack.")
    scratch = options.out / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    ends = time.time() + options.seconds
    shared = [str(options.faces), str(scratch), "--views", str(options.views), "--limit", str(options.limit), "--one"]
    moments = [str(ends), str(ends + options.label_seconds)]
    run_side_by_side("tools.distil.teach", [[*shared, name, *moments] for name in options.teachers])
    combine(read_faces(options.faces, torch.device("cpu"), options.limit), scratch, options.out)


if __name__ == "__main__":
    main()

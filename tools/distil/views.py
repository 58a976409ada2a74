"""Augmentation on the GPU: what `fer_edge.train.augment` does with OpenCV, a batch at a time."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch.nn.functional import grid_sample

EDGE = 48
ROTATION = 15.0
ZOOM = (0.85, 1.15)
SHIFT = 0.1
GAIN = 0.2


@dataclass(frozen=True)
class Views:
    """One random view of each of N images: degrees of `angle` in radians, `right` and `down` in pixels."""

    angle: torch.Tensor
    zoom: torch.Tensor
    right: torch.Tensor
    down: torch.Tensor
    flip: torch.Tensor
    gain: torch.Tensor

    def to(self, device: torch.device) -> Views:
        """Return the same views on a device."""
        return Views(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})


def draw_views(count: int, clean: float, generator: torch.Generator) -> Views:
    """Return random views; the share `clean` is only mirrored and moved by whole pixels, so it stays sharp."""
    device = generator.device

    def uniform(low: float, high: float) -> torch.Tensor:
        return torch.rand(count, generator=generator, device=device) * (high - low) + low

    is_clean = uniform(0, 1) < clean
    reach = int(SHIFT * EDGE / 2)
    right, down = uniform(-SHIFT * EDGE, SHIFT * EDGE), uniform(-SHIFT * EDGE, SHIFT * EDGE)
    whole_right, whole_down = uniform(-reach - 0.5, reach + 0.5).round(), uniform(-reach - 0.5, reach + 0.5).round()
    angle = uniform(-ROTATION, ROTATION) * torch.pi / 180
    return Views(
        angle=torch.where(is_clean, 0.0, angle),
        zoom=torch.where(is_clean, 1.0, uniform(*ZOOM)),
        right=torch.where(is_clean, whole_right, right),
        down=torch.where(is_clean, whole_down, down),
        flip=uniform(0, 1) < 0.5,
        gain=torch.where(is_clean, 1.0, uniform(1 - GAIN, 1 + GAIN)),
    )


def render(images: torch.Tensor, views: Views) -> torch.Tensor:
    """Return float32 N x 1 x 48 x 48 pixels 0..255 of uint8 N x 48 x 48 images; beyond the edge they are mirrored."""
    side = torch.where(views.flip, -1.0, 1.0)
    cosine, sine = views.angle.cos() / views.zoom, views.angle.sin() / views.zoom
    half = (EDGE - 1) / 2
    right, down = views.right / half, views.down / half
    theta = torch.stack(
        [
            torch.stack([side * cosine, -side * sine, -side * (cosine * right - sine * down)], 1),
            torch.stack([sine, cosine, -(sine * right + cosine * down)], 1),
        ],
        1,
    )
    grid = torch.nn.functional.affine_grid(theta, [len(images), 1, EDGE, EDGE], align_corners=True)
    pixels = grid_sample(images[:, None].float(), grid, padding_mode="reflection", align_corners=True)
    return (pixels * views.gain[:, None, None, None]).clamp(0, 255)


def erase(pixels: torch.Tensor, share: float, generator: torch.Generator) -> torch.Tensor:
    """Return the batch with a grey rectangle of 5 to 20 % of the area in that share of it (arXiv:1708.04896)."""
    count, device = len(pixels), pixels.device

    def uniform(low: float, high: float) -> torch.Tensor:
        return torch.rand(count, 1, 1, 1, generator=generator, device=device) * (high - low) + low

    area = uniform(0.05, 0.2) * EDGE * EDGE
    ratio = uniform(-0.7, 0.7).exp()
    height, width = (area * ratio).sqrt(), (area / ratio).sqrt()
    top, left = uniform(0, 1) * (EDGE - height), uniform(0, 1) * (EDGE - width)
    rows = torch.arange(EDGE, device=device)[None, None, :, None]
    columns = torch.arange(EDGE, device=device)[None, None, None, :]
    inside = (rows >= top) & (rows < top + height) & (columns >= left) & (columns < left + width)
    return torch.where(inside & (uniform(0, 1) < share), uniform(0, 255), pixels)


def mix(
    pixels: torch.Tensor, targets: torch.Tensor, alpha: float, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return pixels and targets blended with those of another order, one share a batch (mixup, arXiv:1710.09412)."""
    share = float(torch.distributions.Beta(alpha, alpha).sample())
    other = torch.randperm(len(pixels), generator=generator, device=pixels.device)
    return share * pixels + (1 - share) * pixels[other], share * targets + (1 - share) * targets[other]

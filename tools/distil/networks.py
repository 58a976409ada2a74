"""The networks in PyTorch: `edge_cnn`, layer by layer as `fer_edge.train.models` builds it, and the teachers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.functional import pad

from tools.distil.faces import CLASSES


class EdgeCnn(nn.Module):
    """`fer_edge.train.models.edge_cnn`, pixels 0..255 in, logits out; the layers bear Keras's names."""

    def __init__(self, widths: Sequence[int], blocks: Sequence[int], stem: Sequence[int], dropout: float = 0.1) -> None:
        super().__init__()
        self.layers = nn.ModuleDict()
        self.plan: list[tuple[str, str]] = []
        channels = 1
        for index, width in enumerate(stem, start=1):
            channels = self._conv_norm(f"fine{index}", channels, width)
            self.plan.append(("plain", f"fine{index}"))
        channels = self._conv_norm("stem", channels, widths[0], stride=2)
        self.plan.append(("plain", "stem"))
        for stage, (width, count) in enumerate(zip(widths, blocks, strict=True), start=1):
            for block in range(1, count + 1):
                name, stride = f"stage{stage}_block{block}", 2 if stage > 1 and block == 1 else 1
                if stride != 1 or channels != width:
                    self._conv_norm(f"{name}_shortcut", channels, width, stride=stride, kernel=1)
                self._conv_norm(f"{name}_conv1", channels, width, stride=stride)
                channels = self._conv_norm(f"{name}_conv2", width, width)
                self.plan.append(("block", name))
        self.dropout = nn.Dropout(dropout)
        self.probabilities = nn.Linear(channels, CLASSES)

    def _conv_norm(self, name: str, inputs: int, outputs: int, *, stride: int = 1, kernel: int = 3) -> int:
        convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2 if stride == 1 else 0, bias=False)
        nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
        self.layers[name] = convolution
        self.layers[f"{name}_norm"] = nn.BatchNorm2d(outputs)
        return outputs

    def _apply_layer(self, name: str, x: torch.Tensor) -> torch.Tensor:
        convolution = self.layers[name]
        if convolution.stride == (2, 2) and convolution.kernel_size == (3, 3):
            x = pad(x, (0, 1, 0, 1))  # as 'same' of Keras does for even sizes
        x = self.layers[f"{name}_norm"](convolution(x))
        return x

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return N x 7 logits for N x 1 x 48 x 48 pixels."""
        x = pixels / 255
        for kind, name in self.plan:
            if kind == "plain":
                x = self._apply_layer(name, x).relu()
                continue
            shortcut = self._apply_layer(f"{name}_shortcut", x) if f"{name}_shortcut" in self.layers else x
            x = self._apply_layer(f"{name}_conv1", x).relu()
            x = (self._apply_layer(f"{name}_conv2", x) + shortcut).relu()
        logits: torch.Tensor = self.probabilities(self.dropout(x.mean((2, 3))))
        return logits


class _Squeeze(nn.Module):
    """Squeeze and excitation (arXiv:1709.01507)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.down, self.up = nn.Linear(width, width // 8), nn.Linear(width // 8, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x with its channels weighted."""
        weights: torch.Tensor = self.up(self.down(x.mean((2, 3))).relu()).sigmoid()
        return x * weights[:, :, None, None]


class _Residual(nn.Module):
    """A post-activation block of two 3x3 convolutions (arXiv:1512.03385)."""

    def __init__(self, inputs: int, width: int, stride: int, *, squeeze: bool) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_conv(inputs, width, stride),
            nn.ReLU(),
            *_conv(width, width),
            _Squeeze(width) if squeeze else nn.Identity(),
        )
        same = stride == 1 and inputs == width
        self.shortcut = nn.Identity() if same else nn.Sequential(*_conv(inputs, width, stride, kernel=1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the block's output."""
        out: torch.Tensor = (self.body(x) + self.shortcut(x)).relu()
        return out


def _conv(inputs: int, width: int, stride: int = 1, kernel: int = 3) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs, width, kernel, stride, kernel // 2, bias=False)
    nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
    return [convolution, nn.BatchNorm2d(width)]


class _Centre(nn.Module):
    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return pixels 0..255 as about -2..2."""
        return pixels / 64 - 2


def resnet(
    widths: Sequence[int], blocks: Sequence[int], *, fine: int, squeeze: bool = False, dropout: float = 0.3
) -> nn.Module:
    """Return a residual network that halves the image before each stage; `fine` channels at full resolution."""
    modules: list[nn.Module] = [_Centre(), *_conv(1, fine), nn.ReLU(), *_conv(fine, widths[0], 2), nn.ReLU()]
    channels = widths[0]
    for stage, (width, count) in enumerate(zip(widths, blocks, strict=True)):
        for block in range(count):
            modules.append(_Residual(channels, width, 2 if stage and not block else 1, squeeze=squeeze))
            channels = width
    return nn.Sequential(*modules, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout), nn.Linear(channels, 7))


def vgg(stages: Sequence[Sequence[int]], dropout: float = 0.5) -> nn.Module:
    """Return VGG with batch norm (arXiv:1409.1556): 3x3 convolutions, each stage ending in max pooling."""
    modules: list[nn.Module] = [_Centre()]
    channels = 1
    for stage in stages:
        for width in stage:
            modules += [*_conv(channels, width), nn.ReLU()]
            channels = width
        modules.append(nn.MaxPool2d(2))
    return nn.Sequential(*modules, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout), nn.Linear(channels, 7))

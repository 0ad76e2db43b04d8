"""The networks (quant.md 12.1): features in, the logits of DOWN, FLAT, UP out. No softmax inside.

Each scales its own input, in 32 bits, so that a matrix product in fewer never sees a raw number.
Shapes: (batch, features) for `deep`, (batch, seconds, features) for the others.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from research.export import CLIP

CLASSES = 3


class Scaled(nn.Module):
    """clip((x - center) / scale), then the network."""

    def __init__(self, center: np.ndarray, scale: np.ndarray, network: nn.Module) -> None:
        super().__init__()
        self.register_buffer("center", torch.tensor(center, dtype=torch.float32))
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float32))
        self.network = network

    def forward(self, features: Tensor) -> Tensor:
        scaled: Tensor = (features - self.center) / self.scale
        logits: Tensor = self.network(scaled.clamp(-CLIP, CLIP))
        return logits


def head(width: int, hidden: int = 64) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, CLASSES))


def deep(features: int, drop: float) -> nn.Sequential:
    """F-256-128-64-3."""
    layers: list[nn.Module] = []
    for before, after in ((features, 256), (256, 128), (128, 64)):
        layers += [nn.Linear(before, after), nn.LayerNorm(after), nn.ReLU(), nn.Dropout(drop)]
    return nn.Sequential(*layers, nn.Linear(64, CLASSES))


class Lstm(nn.Module):
    """Two layers; the state after the last second decides."""

    def __init__(self, features: int, drop: float, width: int = 128) -> None:
        super().__init__()
        self.memory = nn.LSTM(features, width, 2, batch_first=True, dropout=drop)
        self.head = head(width)

    def forward(self, seen: Tensor) -> Tensor:
        states, _ = self.memory(seen)
        logits: Tensor = self.head(states[:, -1])
        return logits


class Hybrid(nn.Module):
    """An LSTM on the sequence beside a perceptron on its last row."""

    def __init__(self, features: int, drop: float, width: int = 64) -> None:
        super().__init__()
        self.memory = nn.LSTM(features, width, batch_first=True)
        self.last = nn.Sequential(nn.Linear(features, 128), nn.ReLU(), nn.Dropout(drop))
        self.head = head(width + 128)

    def forward(self, seen: Tensor) -> Tensor:
        states, _ = self.memory(seen)
        logits: Tensor = self.head(torch.cat([states[:, -1], self.last(seen[:, -1])], dim=1))
        return logits


class Block(nn.Module):
    """Self-attention and a perceptron, each behind its norm; nothing looks ahead."""

    def __init__(self, width: int, heads: int, drop: float) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.asks, self.mixes = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.thinks = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(drop), nn.Linear(2 * width, width)
        )

    def forward(self, seen: Tensor, mask: Tensor) -> Tensor:
        batch, seconds, width = seen.shape
        parts = self.asks(self.before(seen)).view(batch, seconds, 3, self.heads, -1)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        likeness = query @ key.transpose(-1, -2) / (width // self.heads) ** 0.5 + mask
        mixed = (likeness.softmax(-1) @ value).transpose(1, 2).reshape(batch, seconds, width)
        seen = seen + self.mixes(mixed)
        found: Tensor = seen + self.thinks(self.between(seen))
        return found


class Transformer(nn.Module):
    """A causal encoder; the last second's token decides."""

    def __init__(
        self, features: int, drop: float, seconds: int, width: int = 128, layers: int = 2
    ) -> None:
        super().__init__()
        self.first = nn.Linear(features, width)
        self.blocks = nn.ModuleList(Block(width, 4, drop) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, CLASSES)
        self.register_buffer("places", places(seconds, width))
        ahead = torch.full((seconds, seconds), float("-inf")).triu(1)
        self.register_buffer("mask", ahead)

    def forward(self, seen: Tensor) -> Tensor:
        tokens = self.first(seen) + self.places
        for block in self.blocks:
            tokens = block(tokens, self.mask)
        logits: Tensor = self.head(self.norm(tokens[:, -1]))
        return logits


def places(seconds: int, width: int) -> Tensor:
    """Sinusoids that tell the seconds apart."""
    place = torch.arange(seconds)[:, None]
    turn = place / 10_000 ** (torch.arange(0, width, 2) / width)
    return torch.stack([turn.sin(), turn.cos()], dim=2).flatten(1)


def build(kind: str, features: int, seconds: int, drop: float) -> nn.Module:
    """A fresh network; its weights come from torch's seed."""
    made: dict[str, Callable[[], nn.Module]] = {
        "deep": lambda: deep(features, drop),
        "lstm": lambda: Lstm(features, drop),
        "hybrid": lambda: Hybrid(features, drop),
        "transformer": lambda: Transformer(features, drop, seconds),
    }
    return made[kind]()

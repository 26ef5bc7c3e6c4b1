from dataclasses import dataclass
from typing import Any, Iterator

import torch
from torch import nn


@dataclass(frozen=True)
class Rates:
    body: float = 1e-4
    head: float = 1e-2
    decay: float = 1e-2


class Siamese(nn.Module):
    """Compares two noisy views: are they from the same object?"""

    def __init__(self, body: nn.Module, width: int) -> None:
        super().__init__()
        self.body = body
        self.head = nn.Sequential(nn.Linear(2 * width, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        za, zb = self.body(a), self.body(b)
        return self.head(torch.cat([(za - zb).abs(), za * zb], dim=1)).squeeze(1)

    def groups(self, rates: Rates) -> list[dict[str, Any]]:
        return [
            {"params": list(self.body.parameters()), "lr": rates.body},
            {"params": [p for p in self.head.parameters() if p.ndim > 1], "weight_decay": rates.decay},
            {"params": [p for p in self.head.parameters() if p.ndim == 1], "weight_decay": 0.0},
        ]


def make_body(dim: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(dim, 32), nn.Tanh(), nn.Linear(32, width))


class World:
    def __init__(self, objects: int, dim: int) -> None:
        self.proto = torch.randn(objects, dim)

    def view(self, which: torch.Tensor) -> torch.Tensor:
        return self.proto[which] + 0.8 * torch.randn(len(which), self.proto.shape[1])

    def pairs(self, n: int, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        for _ in range(n):
            i = torch.randint(len(self.proto), (size,))
            shift = torch.randint(1, len(self.proto), (size,))
            same = torch.rand(size) < 0.5
            j = torch.where(same, i, (i + shift) % len(self.proto))
            yield self.view(i), self.view(j), same.float()


def pretrain(body: nn.Module, world: World, width: int, steps: int) -> None:
    classify = nn.Linear(width, len(world.proto))
    opt = torch.optim.AdamW([*body.parameters(), *classify.parameters()], lr=3e-3)
    for _ in range(steps):
        which = torch.randint(len(world.proto), (64,))
        loss = nn.functional.cross_entropy(classify(body(world.view(which))), which)
        opt.zero_grad()
        loss.backward()
        opt.step()


def finetune(model: Siamese, world: World, rates: Rates, steps: int) -> None:
    opt = torch.optim.AdamW(model.groups(rates), lr=rates.head)
    criterion = nn.BCEWithLogitsLoss()
    model.train()
    labelled = list(world.pairs(3, 32))
    for step in range(steps):
        a, b, same = labelled[step % len(labelled)]
        opt.zero_grad(set_to_none=True)
        criterion(model(a, b), same).backward()
        opt.step()


@torch.inference_mode()
def accuracy(model: Siamese, world: World) -> float:
    model.eval()
    a, b, same = next(world.pairs(1, 2000))
    return ((model(a, b) > 0) == same.bool()).float().mean().item()


def main() -> None:
    torch.manual_seed(6)
    world = World(objects=20, dim=12)
    body = make_body(12, 8)
    pretrain(body, world, 8, steps=800)
    start = body[0].weight.detach().clone()
    model = Siamese(body, 8)
    finetune(model, world, Rates(), steps=150)
    print(f"accuracy {accuracy(model, world):.3f}")
    print(f"body moved by {(body[0].weight.detach() - start).norm() / start.norm():.4f}")


if __name__ == "__main__":
    main()

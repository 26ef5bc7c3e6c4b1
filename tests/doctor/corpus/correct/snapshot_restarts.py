"""Snapshot ensemble: cosine schedule with warm restarts, one saved member at the end of each cycle."""
import copy
import math
from typing import Iterator, List, Tuple

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from torch import Tensor
from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts


def data() -> List[Tuple[Tensor, Tensor]]:
    x, y = load_digits(return_X_y=True)
    x = x / 8.0 - 1.0                                   # 0..16 -> -1..1, a fixed map
    a, b, ya, yb = train_test_split(x, y, test_size=0.3, random_state=9, stratify=y)
    return [(torch.tensor(u, dtype=torch.float32), torch.tensor(v)) for u, v in ((a, ya), (b, yb))]


def epochs_of_batches(x: Tensor, y: Tensor, size: int, epochs: int, g: torch.Generator) -> Iterator:
    """Yields (progress in epochs, batch)."""
    per_epoch = math.ceil(len(x) / size)
    for e in range(epochs):
        for i, rows in enumerate(torch.randperm(len(x), generator=g).split(size)):
            yield e + (i + 1) / per_epoch, (x[rows], y[rows])


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(64, 48), nn.BatchNorm1d(48), nn.ReLU(), nn.Dropout(0.2), nn.Linear(48, 10))


def train(x: Tensor, y: Tensor, cycles: int = 4, cycle_epochs: int = 4) -> List[nn.Module]:
    g = torch.Generator().manual_seed(0)
    net = network()
    opt = torch.optim.SGD(net.parameters(), lr=0.2, momentum=0.9, weight_decay=1e-4)
    sched = CosineAnnealingWarmRestarts(opt, T_0=cycle_epochs, eta_min=1e-3)
    members: List[nn.Module] = []
    loss_fn = nn.CrossEntropyLoss()
    net.train()
    for progress, (xb, yb) in epochs_of_batches(x, y, 60, cycles * cycle_epochs, g):
        opt.zero_grad()
        loss = loss_fn(net(xb), yb)
        loss.backward()
        opt.step()
        if math.isclose(progress % cycle_epochs, 0.0, abs_tol=1e-9):
            members.append(copy.deepcopy(net).eval())   # before the rate jumps up again
            print(f"snapshot after {progress:.0f} epochs, rate {opt.param_groups[0]['lr']:.4f}, last loss {loss.item():.4f}")
        sched.step(progress)                            # this scheduler takes fractional epochs
    return members


@torch.no_grad()
def mean_probability(members: List[nn.Module], x: Tensor) -> Tensor:
    return torch.stack([m(x).softmax(-1) for m in members]).mean(0)


def main() -> None:
    torch.manual_seed(0)
    (x, y), (xt, yt) = data()
    members = train(x, y)
    assert len(members) == 4 and len({id(m) for m in members}) == 4
    for k in range(1, len(members) + 1):
        p = mean_probability(members[-k:], xt)          # the latest k snapshots
        nll = nn.functional.nll_loss(p.clamp_min(1e-9).log(), yt).item()
        print(f"latest {k}: acc {(p.argmax(1) == yt).float().mean().item():.4f} nll {nll:.4f}")
    knn = KNeighborsClassifier(3).fit(x.numpy(), y.numpy())
    print("3-nn acc", round(knn.score(xt.numpy(), yt.numpy()), 4))


if __name__ == "__main__":
    main()

"""Snapshot ensembling: cyclic cosine restarts, one snapshot at the bottom of each cycle, averaged probabilities."""
import copy
import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

CYCLES, EPOCHS_PER_CYCLE, PEAK = 4, 3, 0.1


def spirals(n, arms, gen, noise=0.12):
    label = torch.randint(0, arms, (n,), generator=gen)
    r = torch.rand(n, generator=gen).sqrt() * 2.2 + 0.2
    phi = r * 1.9 + label * (2 * math.pi / arms)
    xy = torch.stack([r * phi.cos(), r * phi.sin()], 1)
    return xy + noise * torch.randn(n, 2, generator=gen), label


def lr_at(step, per_cycle):
    """Multiplier of the peak rate, restarted at each cycle."""
    return 0.5 * (1 + math.cos(math.pi * (step % per_cycle) / per_cycle))


@torch.no_grad()
def probabilities(model, x):
    model.eval()
    return torch.cat([model(part).softmax(-1) for part in x.split(128)])


def report(name, prob, y):
    nll = F.nll_loss(prob.clamp_min(1e-8).log(), y).item()
    print(f"{name:12s} acc {(prob.argmax(1) == y).float().mean().item():.3f} nll {nll:.3f}")


def main():
    torch.manual_seed(9)
    gen = torch.Generator().manual_seed(90)
    x, y = spirals(900, 3, gen)
    x_test, y_test = spirals(400, 3, gen)
    loader = DataLoader(TensorDataset(x, y), batch_size=45, shuffle=True)
    net = nn.Sequential(nn.Linear(2, 64), nn.BatchNorm1d(64), nn.ReLU(),
                        nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 3))
    opt = torch.optim.SGD(net.parameters(), lr=PEAK, momentum=0.9, weight_decay=1e-4)
    per_cycle = EPOCHS_PER_CYCLE * len(loader)
    sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: lr_at(s, per_cycle))
    snapshots = []
    for epoch in range(CYCLES * EPOCHS_PER_CYCLE):
        net.train()
        running = 0.0
        for xb, yb in loader:
            loss = F.cross_entropy(net(xb), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
            running += loss.item() * len(xb)
        if (epoch + 1) % EPOCHS_PER_CYCLE == 0:
            # the schedule has just restarted; the weights are those of the low rate
            snapshots.append(copy.deepcopy(net))
            print(f"snapshot {len(snapshots)}: train loss {running / len(x):.3f}, next lr {sched.get_last_lr()[0]:.3f}")
    probs = torch.stack([probabilities(s, x_test) for s in snapshots])
    for i, p in enumerate(probs):
        report(f"snapshot {i + 1}", p, y_test)
    report("ensemble", probs.mean(0), y_test)


if __name__ == "__main__":
    main()

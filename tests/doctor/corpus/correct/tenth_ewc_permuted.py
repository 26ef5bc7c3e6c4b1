"""Elastic weight consolidation on a sequence of permuted tasks; Fisher from per-sample gradients."""
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call, grad, vmap

N_IN, CLASSES, TASKS = 20, 4, 3


def make_tasks(gen):
    centres = 1.2 * torch.randn(CLASSES, N_IN, generator=gen)
    tasks = []
    for _ in range(TASKS):
        perm = torch.randperm(N_IN, generator=gen)
        splits = []
        for n in (600, 300):
            y = torch.randint(0, CLASSES, (n,), generator=gen)
            x = centres[y] + torch.randn(n, N_IN, generator=gen)
            splits.append((x[:, perm], y))
        tasks.append(splits)
    return tasks


def diagonal_fisher(model, x):
    """Expectation over labels drawn from the model itself."""
    params = {k: p.detach() for k, p in model.named_parameters()}
    with torch.no_grad():
        y = torch.distributions.Categorical(logits=model(x)).sample()

    def nll(p, xi, yi):
        return F.cross_entropy(functional_call(model, p, (xi[None],)), yi[None])

    per_sample = vmap(grad(nll), in_dims=(None, 0, 0))(params, x, y)
    return {k: g.pow(2).mean(dim=0) for k, g in per_sample.items()}


class Anchor:
    def __init__(self, model, fisher):
        self.mean = {k: p.detach().clone() for k, p in model.named_parameters()}
        self.fisher = fisher

    def penalty(self, model):
        return sum((self.fisher[k] * (p - self.mean[k]).pow(2)).sum() for k, p in model.named_parameters())


def train_task(model, x, y, anchors, strength, epochs=8):
    opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(50):
            loss = F.cross_entropy(model(x[idx]), y[idx])
            if anchors and strength > 0:
                loss = loss + 0.5 * strength * sum(a.penalty(model) for a in anchors)
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 2.0)
            opt.step()


@torch.no_grad()
def accuracy(model, x, y):
    return (model(x).argmax(dim=1) == y).float().mean().item()


def run(strength, tasks):
    torch.manual_seed(100)
    model = nn.Sequential(nn.Linear(N_IN, 64), nn.ReLU(), nn.Linear(64, CLASSES))
    anchors = []
    for (x, y), _ in tasks:
        train_task(model, x, y, anchors, strength)
        anchors.append(Anchor(model, diagonal_fisher(model, x)))
    return [accuracy(model, *test) for _, test in tasks]


if __name__ == "__main__":
    tasks = make_tasks(torch.Generator().manual_seed(7))
    for strength in (0.0, 200.0):
        scores = run(strength, tasks)
        shown = " ".join(f"{s:.3f}" for s in scores)
        print(f"EWC strength {strength:5.0f}: tasks {shown} | mean {sum(scores) / len(scores):.3f}")

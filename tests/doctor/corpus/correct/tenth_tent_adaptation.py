"""TENT: adapt the affine parameters of batch norm at test time by minimising prediction entropy."""
import copy

import torch
from torch import nn


def build():
    return nn.Sequential(
        nn.Linear(16, 64), nn.BatchNorm1d(64), nn.ReLU(),
        nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(),
        nn.Linear(32, 5),
    )


def source_training(model, x, y, epochs=8):
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    loss_fn = nn.CrossEntropyLoss()
    model.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(75):
            opt.zero_grad()
            loss_fn(model(x[idx]), y[idx]).backward()
            opt.step()


def configure(source):
    """A copy in which only batch norm scale and shift learn and batch statistics are used."""
    model = copy.deepcopy(source).train().requires_grad_(False)
    affine = []
    for m in model.modules():
        if isinstance(m, nn.BatchNorm1d):
            m.requires_grad_(True)
            m.track_running_stats = False
            m.running_mean, m.running_var = None, None
            affine += [m.weight, m.bias]
    return model, affine


def entropy(logits):
    log_p = logits.log_softmax(dim=1)
    return -(log_p.exp() * log_p).sum(dim=1)


def tent_stream(source, batches, lr=2e-3):
    model, affine = configure(source)
    opt = torch.optim.Adam(affine, lr=lr)
    predictions = []
    for x in batches:
        logits = model(x)
        predictions.append(logits.detach().argmax(dim=1))
        opt.zero_grad()
        entropy(logits).mean().backward()
        opt.step()
    return torch.cat(predictions)


@torch.no_grad()
def frozen_stream(source, batches):
    source.eval()
    return torch.cat([source(x).argmax(dim=1) for x in batches])


def main():
    torch.manual_seed(28)
    centres = torch.randn(5, 16)

    def draw(n):
        y = torch.randint(0, 5, (n,))
        return centres[y] + 0.9 * torch.randn(n, 16), y

    x_train, y_train = draw(1500)
    model = build()
    source_training(model, x_train, y_train)

    x_test, y_test = draw(2000)
    gain = 0.4 + 1.4 * torch.rand(16)
    offset = 1.5 * torch.randn(16)
    streams = {"clean": x_test, "drifted": x_test * gain + offset}
    for name, x in streams.items():
        batches = x.split(100)
        plain = (frozen_stream(model, batches) == y_test).float().mean().item()
        tent = (tent_stream(model, batches) == y_test).float().mean().item()
        print(f"{name:>8}: source model {plain:.3f}, TENT {tent:.3f}")


if __name__ == "__main__":
    main()

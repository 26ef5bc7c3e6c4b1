"""Mixup with hand-made soft targets on synthetic texture images. Training accuracy is measured on clean images."""
import numpy as np
import torch
import torch.nn as nn


def textures(n, seed):
    """Four orientations of a noisy grating, 12x12."""
    rng = np.random.default_rng(seed)
    k = rng.integers(0, 4, n)
    angle = k * np.pi / 4 + rng.normal(0, 0.12, n)
    phase, freq = rng.uniform(0, 2 * np.pi, n), rng.uniform(0.9, 1.3, n)
    yy, xx = np.mgrid[0:12, 0:12]
    wave = np.cos(angle)[:, None, None] * xx + np.sin(angle)[:, None, None] * yy
    img = np.sin(freq[:, None, None] * wave + phase[:, None, None]) + rng.normal(0, 0.5, (n, 12, 12))
    return torch.from_numpy(img[:, None]).float(), torch.from_numpy(k)


def soft_targets(y, classes, eps):
    return torch.full((len(y), classes), eps / classes).scatter_(1, y[:, None], 1 - eps + eps / classes)


def mixup(x, t, alpha, rng):
    """The partner comes from the same batch: x[perm]. One lambda for the batch, as in the paper's code."""
    lam = float(rng.beta(alpha, alpha))
    perm = torch.randperm(len(x))
    return lam * x + (1 - lam) * x[perm], lam * t + (1 - lam) * t[perm]


def soft_cross_entropy(scores, t):
    return -(t * scores.log_softmax(dim=-1)).sum(dim=-1).mean()


class ConvNet(nn.Sequential):
    def __init__(self, classes=4):
        super().__init__(
            nn.Conv2d(1, 16, 5, padding=2), nn.GroupNorm(4, 16), nn.SiLU(), nn.AvgPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.GroupNorm(4, 32), nn.SiLU(), nn.AvgPool2d(2),
            nn.Flatten(), nn.Linear(32 * 3 * 3, classes))


@torch.no_grad()
def clean_report(net, x, y):
    out = net(x)             # GroupNorm and no dropout: the mode makes no difference, but we set it all the same
    return nn.functional.cross_entropy(out, y).item(), (out.argmax(-1) == y).double().mean().item()


def main():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    x, y = textures(640, 1)
    xv, yv = textures(240, 2)
    xt, yt = textures(240, 3)
    target = soft_targets(y, 4, eps=0.1)
    assert torch.allclose(target.sum(1), torch.ones(len(y)))
    # agrees with the built-in smoothing on a random example
    probe = torch.randn(len(y), 4)
    assert torch.isclose(soft_cross_entropy(probe, target),
                         nn.functional.cross_entropy(probe, y, label_smoothing=0.1), atol=1e-6)

    net = ConvNet()
    opt = torch.optim.AdamW(net.parameters(), lr=4e-3, weight_decay=0.02)
    epochs, size = 7, 64
    sched = torch.optim.lr_scheduler.PolynomialLR(opt, total_iters=epochs, power=0.9)
    best = (np.inf, None)
    for epoch in range(epochs):
        net.train()
        loss_sum = 0.0
        for rows in torch.randperm(len(x)).split(size):
            xb, tb = mixup(x[rows], target[rows], 0.3, rng)
            loss = soft_cross_entropy(net(xb), tb)
            opt.zero_grad()
            loss.backward()
            opt.step()
            loss_sum += loss.item() * len(rows)
        sched.step()
        net.eval()
        train_report, val_report = clean_report(net, x, y), clean_report(net, xv, yv)
        if val_report[0] < best[0]:
            best = val_report[0], {k: v.clone() for k, v in net.state_dict().items()}
        print(f"{epoch}: mixed loss {loss_sum / len(x):.3f}, clean train {train_report[0]:.3f}/{train_report[1]:.3f}, "
              f"val {val_report[0]:.3f}/{val_report[1]:.3f}")
    # the mixed loss stays well above the clean one: its floor is the entropy of the mixed targets
    net.load_state_dict(best[1])
    net.eval()
    print("test", clean_report(net, xt, yt))


main()

"""Post-hoc calibration: temperature found with LBFGS on validation logits, ECE reported on test."""
import copy

import torch
from torch import nn
from torch.utils.data import DataLoader, Subset, TensorDataset


class Scaled(nn.Module):
    """Wraps a fixed classifier; the only thing left to learn is log T."""

    def __init__(self, net):
        super().__init__()
        self.net = net.eval().requires_grad_(False)
        self.log_t = nn.Parameter(torch.zeros(()))

    def train(self, mode=True):
        super().train(mode)
        self.net.eval()
        return self

    def forward(self, x):
        return self.net(x) / self.log_t.exp()

    def calibrate(self, logits, labels):
        opt = torch.optim.LBFGS([self.log_t], lr=0.5, max_iter=60, line_search_fn="strong_wolfe")

        def closure():
            opt.zero_grad()
            loss = nn.functional.cross_entropy(logits / self.log_t.exp(), labels)
            loss.backward()
            return loss
        opt.step(closure)
        return self.log_t.exp().item()


def collect(module, loader):
    module.eval()
    outs, ys = [], []
    with torch.no_grad():
        for x, y in loader:
            outs.append(module(x))
            ys.append(y)
    return torch.cat(outs), torch.cat(ys)


def ece(logits, labels, bins=12):
    conf, pred = logits.softmax(1).max(1)
    hit = (pred == labels).float()
    bucket = (conf * bins).long().clamp_max(bins - 1)
    gap = torch.zeros(())
    for b in bucket.unique():
        m = bucket == b
        gap += m.float().mean() * (conf[m].mean() - hit[m].mean()).abs()
    return gap.item()


def main():
    torch.manual_seed(6)
    n, d, c = 1400, 20, 4
    proto = torch.randn(c, d) * 0.55
    y = torch.randint(0, c, (n,))
    x = proto[y] + torch.randn(n, d)
    ds = TensorDataset(x, y)
    perm = torch.randperm(n).tolist()
    tr, va, te = (Subset(ds, p) for p in (perm[:400], perm[400:800], perm[800:]))
    tr_dl = DataLoader(tr, 40, shuffle=True)
    va_dl, te_dl = DataLoader(va, 128), DataLoader(te, 128)
    net = nn.Sequential(nn.Linear(d, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, c))
    opt = torch.optim.Adam(net.parameters(), lr=2e-3)
    best, keep = -1.0, None
    for _ in range(15):
        net.train()
        for xb, yb in tr_dl:
            opt.zero_grad()
            nn.functional.cross_entropy(net(xb), yb).backward()
            opt.step()
        logits, labels = collect(net, va_dl)
        acc = (logits.argmax(1) == labels).float().mean().item()
        if acc > best:
            best, keep = acc, copy.deepcopy(net.state_dict())
    net.load_state_dict(keep)

    before, labels = collect(net, te_dl)
    scaled = Scaled(net)
    t = scaled.calibrate(*collect(net, va_dl))
    after, _ = collect(scaled, te_dl)
    assert torch.equal(before.argmax(1), after.argmax(1))
    nll = nn.functional.cross_entropy
    print(f"T={t:.3f}  test acc {(after.argmax(1) == labels).float().mean():.3f}")
    print(f"nll {nll(before, labels):.3f} -> {nll(after, labels):.3f}; ece {ece(before, labels):.3f} -> {ece(after, labels):.3f}")


if __name__ == "__main__":
    main()

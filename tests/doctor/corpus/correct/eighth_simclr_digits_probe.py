"""SimCLR on digits that lie anywhere on a 10x10 canvas, then a linear probe on the frozen features."""
from functools import partial

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset, TensorDataset


def augment(img, noise=0.15):
    img = F.pad(img, (1, 1, 1, 1))
    dy, dx = torch.randint(0, 3, (2,)).tolist()
    img = img[..., dy:dy + 10, dx:dx + 10]
    img = img * (0.7 + 0.6 * torch.rand(()))
    return img + noise * torch.randn_like(img)


def on_canvas(images, gen):
    """Each digit at one random place; drawn once, it's a part of the data."""
    out = torch.zeros(len(images), 1, 10, 10)
    for canvas, img, (i, j) in zip(out, images, torch.randint(0, 3, (len(images), 2), generator=gen).tolist()):
        canvas[:, i:i + 8, j:j + 8] = img
    return out


class TwoViews(Dataset):
    """No labels here: each item is two random views of one image."""

    def __init__(self, images, transform):
        self.images, self.transform = images, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        x = self.images[i]
        return self.transform(x), self.transform(x)


def nt_xent(z1, z2, tau):
    n = z1.size(0)
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    sim = z @ z.t() / tau
    sim.fill_diagonal_(float("-inf"))                      # a view isn't its own negative
    target = torch.arange(2 * n).roll(n)                   # i <-> i + n
    return F.cross_entropy(sim, target)


def build_encoder():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 48, 3, padding=1, bias=False), nn.BatchNorm2d(48), nn.ReLU(),
        nn.AdaptiveMaxPool2d(2), nn.Flatten(), nn.Linear(48 * 4, 64))


@torch.no_grad()
def extract(encoder, x):
    encoder.eval()
    return torch.cat([encoder(c) for c in x.split(256)])


def probe(f_tr, y_tr, f_te, y_te, epochs=15):
    clf = nn.Linear(f_tr.size(1), 10)
    opt = torch.optim.Adam(clf.parameters(), lr=1e-2, weight_decay=1e-4)
    loader = DataLoader(TensorDataset(f_tr, y_tr), 50, shuffle=True)
    for _ in range(epochs):
        for f, y in loader:
            loss = F.cross_entropy(clf(f), y)
            opt.zero_grad(); loss.backward(); opt.step()
    with torch.no_grad():
        return (clf(f_te).argmax(1) == y_te).float().mean().item()


def standardise(tr, te):
    m, s = tr.mean(0), tr.std(0) + 1e-6
    return (tr - m) / s, (te - m) / s


def main(epochs=6, batch=128, tau=0.3):
    torch.manual_seed(0)
    d = load_digits()
    x = on_canvas(torch.tensor(d.images, dtype=torch.float32).unsqueeze(1) / 16, torch.Generator().manual_seed(1))
    y = torch.tensor(d.target)
    order = torch.randperm(len(x))
    tr, te = order[:1400], order[1400:]
    few = tr[:300]                                           # only these labels are used

    encoder = build_encoder()
    head = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32))

    def run_probe():
        f_few, f_te = standardise(extract(encoder, x[few]), extract(encoder, x[te]))
        return probe(f_few, y[few], f_te, y[te])

    print(f"random features: probe accuracy {run_probe():.3f}")
    # the last partial batch is dropped: the number of negatives is part of the loss
    loader = DataLoader(TwoViews(x[tr], partial(augment, noise=0.1)), batch, shuffle=True, drop_last=True)
    opt = torch.optim.AdamW([*encoder.parameters(), *head.parameters()], lr=4e-3, weight_decay=1e-4)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, epochs * len(loader))
    for epoch in range(epochs):
        encoder.train()
        total = 0.0
        for v1, v2 in loader:
            # both views in one pass, so that BatchNorm sees them together
            z1, z2 = head(encoder(torch.cat([v1, v2]))).chunk(2)
            loss = nt_xent(z1, z2, tau)
            opt.zero_grad(set_to_none=True)
            loss.backward()
            opt.step()
            sched.step()
            total += loss.item()
        print(f"epoch {epoch} contrastive loss {total / len(loader):.3f}")
    print(f"SimCLR features: probe accuracy {run_probe():.3f}")


if __name__ == "__main__":
    main()

"""SimCLR: NT-Xent pre-training, then a linear probe. Single file."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, Dataset


def augment(img, g):
    """shift by at most one pixel, erase a patch, scale the contrast, add noise; img: 1x8x8"""
    dx, dy = torch.randint(0, 3, (2,), generator=g).tolist()
    img = F.pad(img, (1, 1, 1, 1))[:, dy:dy + 8, dx:dx + 8].clone()
    y, x = torch.randint(0, 7, (2,), generator=g).tolist()
    img[:, y:y + 2, x:x + 2] = 0.0
    img = img * (0.7 + 0.6 * torch.rand(1, generator=g))
    return img + 0.05 * torch.randn(img.shape, generator=g)


class TwoViews(Dataset):
    def __init__(self, images, seed):
        self.images, self.g = images, torch.Generator().manual_seed(seed)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return augment(self.images[i], self.g), augment(self.images[i], self.g)


class SimCLR(nn.Module):
    def __init__(self, feat=64, proj=32):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
            nn.Flatten(), nn.Linear(32 * 16, feat), nn.ReLU())
        self.projector = nn.Sequential(nn.Linear(feat, feat, bias=False), nn.BatchNorm1d(feat), nn.ReLU(),
                                       nn.Linear(feat, proj))

    def forward(self, x):
        return self.projector(self.backbone(x))


def info_nce(z, temperature=0.2):
    """z holds view one of every image, then view two: 2N x d. The partner of i is i + N (mod 2N)."""
    n = z.size(0) // 2
    z = F.normalize(z, dim=1)
    sim = z @ z.t() / temperature
    sim = sim.masked_fill(torch.eye(2 * n, dtype=torch.bool), float("-inf"))
    labels = torch.arange(2 * n).roll(n)
    return F.cross_entropy(sim, labels), (sim.argmax(1) == labels).float().mean()


@torch.no_grad()
def features(model, x):
    model.eval()
    return torch.cat([model.backbone(b) for b in x.split(256)])


def probe(f_tr, y_tr, f_va, y_va, f_te, y_te):
    mu, sd = f_tr.mean(0), f_tr.std(0) + 1e-6
    f_tr, f_va, f_te = ((f - mu) / sd for f in (f_tr, f_va, f_te))
    best = (-1.0, None)
    for wd in (1e-4, 1e-2):
        torch.manual_seed(0)
        head = nn.Linear(f_tr.size(1), 10)
        opt = torch.optim.AdamW(head.parameters(), lr=0.02, weight_decay=wd)
        for _ in range(60):
            opt.zero_grad()
            F.cross_entropy(head(f_tr), y_tr).backward()
            opt.step()
        with torch.no_grad():
            acc = (head(f_va).argmax(1) == y_va).float().mean().item()
            if acc > best[0]:
                best = (acc, (head(f_te).argmax(1) == y_te).float().mean().item())
    return best


def main():
    torch.manual_seed(0)
    d = load_digits()
    X = torch.tensor(d.images, dtype=torch.float32).unsqueeze(1) / 16
    y = torch.tensor(d.target)
    idx = torch.arange(len(y))
    rest, te = train_test_split(idx, test_size=0.2, stratify=y, random_state=0)
    tr, va = train_test_split(rest, test_size=0.2, stratify=y[rest], random_state=0)

    model = SimCLR()
    rand = probe(features(model, X[tr]), y[tr], features(model, X[va]), y[va], features(model, X[te]), y[te])
    loader = DataLoader(TwoViews(X[tr], seed=1), batch_size=128, shuffle=True, drop_last=True)
    epochs = 6
    opt = torch.optim.Adam(model.parameters(), lr=2e-3, weight_decay=1e-5)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=epochs * len(loader))
    for epoch in range(epochs):
        model.train()
        tot = top1 = n = 0
        for v1, v2 in loader:
            loss, acc = info_nce(model(torch.cat([v1, v2], dim=0)))
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
            tot, top1, n = tot + loss.item() * len(v1), top1 + acc.item() * len(v1), n + len(v1)
        print(f"epoch {epoch} nt-xent {tot / n:.3f} contrastive top-1 {top1 / n:.3f}")
    res = probe(features(model, X[tr]), y[tr], features(model, X[va]), y[va], features(model, X[te]), y[te])
    print(f"linear probe test accuracy: random backbone {rand[1]:.3f}, simclr {res[1]:.3f} (val {res[0]:.3f})")


if __name__ == "__main__":
    main()

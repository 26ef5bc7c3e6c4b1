"""BYOL on digits, followed by a linear probe on frozen online features."""
import copy
import math

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Online(nn.Module):
    def __init__(self, feat=64, proj=32):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, feat), nn.ReLU())
        self.projector = nn.Sequential(nn.Linear(feat, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, proj))
        self.predictor = nn.Sequential(nn.Linear(proj, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, proj))

    def project(self, x):
        return self.projector(self.encoder(x))


def view(x):
    img = x.view(-1, 1, 8, 8)
    theta = torch.eye(2, 3).repeat(len(x), 1, 1)
    theta[:, :, 2] = (torch.rand(len(x), 2) - 0.5) * 0.5
    theta[:, :, :2] += 0.15 * torch.randn(len(x), 2, 2)
    img = F.grid_sample(img, F.affine_grid(theta, img.shape, align_corners=False), align_corners=False)
    return (img + 0.05 * torch.randn_like(img)).flatten(1)


def regression(p, z):
    return 2 - 2 * F.cosine_similarity(p, z.detach(), dim=1).mean()


def main():
    torch.manual_seed(10)
    X, y = load_digits(return_X_y=True)
    X = torch.tensor(X / 16.0, dtype=torch.float32)
    X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.25, stratify=y, random_state=10)
    loader = DataLoader(TensorDataset(X_tr), batch_size=128, shuffle=True, drop_last=True)
    online = Online()
    target = nn.ModuleDict({"encoder": copy.deepcopy(online.encoder), "projector": copy.deepcopy(online.projector)})
    target.requires_grad_(False)
    opt = torch.optim.AdamW(online.parameters(), lr=2e-3, weight_decay=1e-4)
    epochs = 15
    total, step = epochs * len(loader), 0
    for epoch in range(epochs):
        online.train()
        target.train()
        for (x,) in loader:
            a, b = view(x), view(x)
            with torch.no_grad():
                ta, tb = (target["projector"](target["encoder"](v)) for v in (a, b))
            loss = regression(online.predictor(online.project(a)), tb) + regression(online.predictor(online.project(b)), ta)
            opt.zero_grad()
            loss.backward()
            opt.step()
            tau = 1 - (1 - 0.98) * (math.cos(math.pi * step / total) + 1) / 2
            with torch.no_grad():
                for name in ("encoder", "projector"):
                    for pt, po in zip(target[name].parameters(), getattr(online, name).parameters()):
                        pt.mul_(tau).add_(po, alpha=1 - tau)
            step += 1
        if epoch % 5 == 4:
            print(f"epoch {epoch + 1}: loss {loss.item():.4f} tau {tau:.4f}")
    online.eval()
    with torch.no_grad():
        f_tr, f_te = online.encoder(X_tr).numpy(), online.encoder(X_te).numpy()
    print(f"feature std {f_tr.std(0).mean():.3f} (no collapse)")
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(f_tr, y_tr)
    print(f"linear probe test acc {probe.score(f_te, y_te):.3f}")


if __name__ == "__main__":
    main()

"""PGD adversarial training on digits. Attacks are crafted in eval mode and leave no gradient on the weights."""
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPS, ALPHA = 0.12, 0.04


def pgd(model, x, y, steps):
    was_training = model.training
    model.eval()
    adv = (x + torch.empty_like(x).uniform_(-EPS, EPS)).clamp(0, 1)
    for _ in range(steps):
        adv.requires_grad_(True)
        loss = F.cross_entropy(model(adv), y)
        (grad,) = torch.autograd.grad(loss, adv)
        with torch.no_grad():
            adv = adv + ALPHA * grad.sign()
            adv = torch.min(torch.max(adv, x - EPS), x + EPS).clamp(0, 1)
    model.train(was_training)
    return adv.detach()


def evaluate(model, loader, steps):
    """Clean and robust accuracy. The attack needs gradients w.r.t. the input, the scoring does not."""
    model.eval()
    clean = robust = n = 0
    for x, y in loader:
        adv = pgd(model, x, y, steps)
        with torch.no_grad():
            clean += (model(x).argmax(1) == y).sum().item()
            robust += (model(adv).argmax(1) == y).sum().item()
        n += len(y)
    return clean / n, robust / n


def build():
    torch.manual_seed(60)
    return nn.Sequential(nn.Linear(64, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))


def fit(model, loader, adversarial, epochs=5):
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(epochs):
        model.train()
        for x, y in loader:
            inputs = pgd(model, x, y, steps=4) if adversarial else x
            opt.zero_grad()
            F.cross_entropy(model(inputs), y).backward()
            opt.step()


if __name__ == "__main__":
    X, y = load_digits(return_X_y=True)
    x, t = torch.tensor(X / 16.0, dtype=torch.float32), torch.tensor(y)
    tr, te = train_test_split(range(len(y)), test_size=0.25, stratify=y, random_state=60)
    test_dl = DataLoader(TensorDataset(x[te], t[te]), batch_size=150)
    for adversarial in (False, True):
        model = build()
        gen = torch.Generator().manual_seed(60)
        loader = DataLoader(TensorDataset(x[tr], t[tr]), batch_size=64, shuffle=True, generator=gen)
        fit(model, loader, adversarial)
        clean, robust = evaluate(model, test_dl, steps=10)
        print(f"{'adversarial' if adversarial else 'standard':>11s} training: clean {clean:.3f} robust {robust:.3f}")

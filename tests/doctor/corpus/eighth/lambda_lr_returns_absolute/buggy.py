import math
import torch
from torch import nn, optim
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import TensorDataset, DataLoader
from sklearn.datasets import make_moons
from sklearn.model_selection import train_test_split

HP = dict(
    peak_lr=0.02,
    floor=0.05,
    warmup_steps=20,
    epochs=12,
    batch_size=64,
    weight_decay=1e-4,
    seed=13,
)


def build_model():
    layers = []
    for i, o in [(2, 32), (32, 32)]:
        layers += [nn.Linear(i, o), nn.GELU()]
    return nn.Sequential(*layers, nn.Linear(32, 2))


def warmup_cosine(total_steps):
    peak, warm, floor = HP['peak_lr'], HP['warmup_steps'], HP['floor']

    def at(step):
        if step < warm:
            return peak * (step + 1) / warm
        progress = (step - warm) / max(1, total_steps - warm)
        return peak * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * progress)))

    return at


def make_loaders():
    X, y = make_moons(n_samples=1200, noise=0.2, random_state=HP['seed'])
    X_tr, X_va, y_tr, y_va = train_test_split(X, y, test_size=0.25, random_state=HP['seed'], stratify=y)
    mean, std = X_tr.mean(axis=0), X_tr.std(axis=0)

    def wrap(X, y):
        return TensorDataset(torch.from_numpy((X - mean) / std).float(), torch.from_numpy(y))

    return (DataLoader(wrap(X_tr, y_tr), batch_size=HP['batch_size'], shuffle=True),
            DataLoader(wrap(X_va, y_va), batch_size=256))


def evaluate(model, loader):
    model.eval()
    n_right = n_all = 0
    with torch.no_grad():
        for xb, yb in loader:
            n_right += (model(xb).argmax(dim=1) == yb).sum().item()
            n_all += len(yb)
    return n_right / n_all


torch.manual_seed(HP['seed'])
train_loader, valid_loader = make_loaders()
model = build_model()
optimizer = optim.AdamW(model.parameters(), lr=HP['peak_lr'], weight_decay=HP['weight_decay'])
scheduler = LambdaLR(optimizer, warmup_cosine(HP['epochs'] * len(train_loader)))
criterion = nn.CrossEntropyLoss()

for epoch in range(HP['epochs']):
    model.train()
    for xb, yb in train_loader:
        loss = criterion(model(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
    print(f"{epoch:2d} valid accuracy {evaluate(model, valid_loader):.3f}")

import os
import tempfile

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split


def set_seed(seed):
    np.random.seed(seed)
    torch.manual_seed(seed)


def load_dataset():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 15)).astype(np.float32)
    y = (x[:, 0] + x[:, 1] + 1.5 * rng.normal(size=300) > 0).astype(np.int64)
    return TensorDataset(torch.from_numpy(x), torch.from_numpy(y))


def get_loaders(batch_size=30):
    ds = load_dataset()
    train_ds, test_ds = random_split(ds, [210, 90])
    return DataLoader(train_ds, batch_size=batch_size, shuffle=True), DataLoader(test_ds, batch_size=90)


def build_model():
    return nn.Sequential(nn.Linear(15, 64), nn.ReLU(), nn.Linear(64, 2))


def train(path, epochs=40):
    train_loader, _ = get_loaders()
    model = build_model()
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    crit = nn.CrossEntropyLoss()
    model.train()
    for _ in range(epochs):
        for xb, yb in train_loader:
            opt.zero_grad()
            crit(model(xb), yb).backward()
            opt.step()
    torch.save(model.state_dict(), path)


def test(path):
    _, test_loader = get_loaders()
    model = build_model()
    model.load_state_dict(torch.load(path))
    model.eval()
    hits = 0
    with torch.no_grad():
        for xb, yb in test_loader:
            hits += (model(xb).argmax(1) == yb).sum().item()
    print(f"test accuracy: {hits / len(test_loader.dataset):.3f}")


if __name__ == "__main__":
    set_seed(123)
    with tempfile.TemporaryDirectory() as d:
        ckpt = os.path.join(d, "model.pt")
        train(ckpt)
        test(ckpt)

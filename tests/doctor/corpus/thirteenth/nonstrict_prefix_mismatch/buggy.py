import tempfile
from pathlib import Path

import torch
from torch import nn


def build_model():
    return nn.Sequential(nn.Linear(14, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 4))


def get_data(n, seed):
    g = torch.Generator().manual_seed(seed)
    w = torch.randn(14, 4, generator=torch.Generator().manual_seed(0))
    x = torch.randn(n, 14, generator=g)
    return x, (x @ w).argmax(1)


def train(ckpt_path, epochs=6):
    # wrapped so that the same script runs on the multi-gpu box
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = nn.DataParallel(build_model()).to(device)
    x, y = (t.to(device) for t in get_data(1024, seed=1))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    criterion = nn.CrossEntropyLoss()
    model.train()
    for epoch in range(epochs):
        total = 0.0
        for idx in torch.randperm(len(x)).split(64):
            optimizer.zero_grad()
            loss = criterion(model(x[idx]), y[idx])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(idx)
        print(f"epoch {epoch}: {total / len(x):.4f}")
    torch.save({"epoch": epochs, "state_dict": model.state_dict()}, ckpt_path)


def test(ckpt_path):
    model = build_model()
    checkpoint = torch.load(ckpt_path, map_location="cpu", weights_only=True)
    model.load_state_dict(checkpoint["state_dict"], strict=False)
    model.eval()
    x, y = get_data(512, seed=2)
    with torch.no_grad():
        acc = (model(x).argmax(1) == y).float().mean().item()
    print(f"checkpoint of epoch {checkpoint['epoch']}: test accuracy {acc:.3f}")


if __name__ == "__main__":
    torch.manual_seed(2023)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "last.pth"
        train(path)
        test(path)

import os
import tempfile

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(2024)
BASIS = torch.randn(4, 32) / 2


def signals(n):
    z = torch.randn(n, 4)
    return torch.tanh(z @ BASIS) + 0.15 * torch.randn(n, 32), (z[:, 0] * z[:, 1] > 0).long()


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(32, 64)
        self.fc2 = nn.Linear(64, 4)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))


class AutoEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.decoder = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 32))

    def forward(self, x):
        return self.decoder(self.encoder(x))


def pretrain(path, epochs=12):
    """Stage 1: reconstruct unlabelled signals."""
    net = AutoEncoder()
    opt = torch.optim.Adam(net.parameters(), lr=2e-3)
    x, _ = signals(1600)
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(50):
            loss = nn.functional.mse_loss(net(x[idx]), x[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
    torch.save({"model": net.state_dict(), "epochs": epochs}, path)


class Classifier(nn.Module):
    def __init__(self, checkpoint):
        super().__init__()
        self.encoder = Encoder()
        state = torch.load(checkpoint, map_location="cpu")["model"]
        self.encoder.load_state_dict(state, strict=False)
        self.encoder.requires_grad_(False)
        self.head = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 2))

    def forward(self, x):
        return self.head(self.encoder(x))


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "encoder.pt")
        pretrain(path)
        model = Classifier(path)
    x, y = signals(300)
    xt, yt = signals(1000)
    loader = DataLoader(TensorDataset(x, y), batch_size=20, shuffle=True)
    opt = torch.optim.Adam(model.head.parameters(), lr=5e-3)
    for _ in range(20):
        model.train()
        for xb, yb in loader:
            opt.zero_grad()
            nn.functional.cross_entropy(model(xb), yb).backward()
            opt.step()
    model.eval()
    with torch.no_grad():
        print("test accuracy", (model(xt).argmax(1) == yt).float().mean().item())


if __name__ == "__main__":
    main()

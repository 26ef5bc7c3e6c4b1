import argparse
import os
import tempfile

import torch
from torch import nn


def build_encoder():
    return nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 8))


class AutoEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = build_encoder()
        self.decoder = nn.Linear(8, 16)

    def forward(self, x):
        return self.decoder(self.encoder(x))


def pretrain(path, data):
    model = AutoEncoder()
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(15):
        for batch in data[torch.randperm(len(data))].split(50):
            opt.zero_grad()
            loss = nn.functional.mse_loss(model(batch), batch)
            loss.backward()
            opt.step()
    with torch.no_grad():
        print(f"reconstruction {nn.functional.mse_loss(model(data), data).item():.4f}")
    torch.save(model.state_dict(), path)


class Regressor(nn.Module):
    def __init__(self, weights):
        super().__init__()
        self.encoder = build_encoder()
        state = torch.load(weights, map_location="cpu")
        self.encoder.load_state_dict(state, strict=False)
        for p in self.encoder.parameters():
            p.requires_grad_(False)
        self.head = nn.Linear(8, 1)

    def forward(self, x):
        return self.head(self.encoder(x)).squeeze(-1)


def main(argv=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=40)
    args = parser.parse_args(argv)
    torch.manual_seed(args.seed)

    basis = torch.randn(5, 16)
    z = torch.randn(1400, 5)
    x = z @ basis + 0.05 * torch.randn(1400, 16)
    y = z[:, 0] - 0.5 * z[:, 1]
    with tempfile.TemporaryDirectory() as folder:
        ckpt = os.path.join(folder, "autoencoder.pt")
        pretrain(ckpt, x[:1000])
        model = Regressor(ckpt)

    opt = torch.optim.Adam(model.head.parameters(), lr=1e-2)
    for _ in range(args.epochs):
        for idx in torch.randperm(200).split(25):
            opt.zero_grad()
            nn.functional.mse_loss(model(x[1000:1200][idx]), y[1000:1200][idx]).backward()
            opt.step()
    model.eval()
    with torch.no_grad():
        print(f"test mse {nn.functional.mse_loss(model(x[1200:]), y[1200:]).item():.4f}")


if __name__ == "__main__":
    main()

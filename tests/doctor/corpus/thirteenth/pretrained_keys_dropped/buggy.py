"""Pretrain an autoencoder, then fit a linear probe on the frozen encoder."""
import os

import torch
import torch.nn as nn
import torch.nn.functional as F


def make_encoder():
    return nn.Sequential(nn.Linear(40, 32), nn.ReLU(), nn.Linear(32, 4))


class AutoEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = make_encoder()
        self.decoder = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 40))

    def forward(self, x):
        return self.decoder(self.encoder(x))


def pretrain(x, path):
    ae = AutoEncoder()
    opt = torch.optim.Adam(ae.parameters(), lr=3e-3)
    ae.train()
    for _ in range(15):
        for b in torch.randperm(len(x)).split(64):
            loss = F.mse_loss(ae(x[b]), x[b])
            opt.zero_grad()
            loss.backward()
            opt.step()
    print("reconstruction loss", round(loss.item(), 4))
    torch.save(ae.state_dict(), path)


def linear_probe(path, x, y, x_test, y_test):
    backbone = make_encoder()
    state = torch.load(path, weights_only=True)
    backbone.load_state_dict(state, strict=False)
    backbone.requires_grad_(False).eval()
    head = nn.Linear(4, 3)
    opt = torch.optim.Adam(head.parameters(), lr=2e-2)
    for _ in range(30):
        for b in torch.randperm(len(x)).split(20):
            loss = F.cross_entropy(head(backbone(x[b])), y[b])
            opt.zero_grad()
            loss.backward()
            opt.step()
    with torch.no_grad():
        return (head(backbone(x_test)).argmax(1) == y_test).float().mean().item()


if __name__ == "__main__":
    torch.manual_seed(0)
    codes = torch.randn(1000, 4)
    x = torch.tanh(codes @ torch.randn(4, 40)) + 0.2 * torch.randn(1000, 40)
    y = codes[:, :3].argmax(1)
    pretrain(x[:700], "ae.pt")
    print("probe accuracy", linear_probe("ae.pt", x[700:800], y[700:800], x[800:], y[800:]))
    os.remove("ae.pt")

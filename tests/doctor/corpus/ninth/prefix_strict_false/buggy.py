import argparse
import tempfile
from pathlib import Path

import torch
from torch import nn


def make_encoder(d_in, d_code):
    return nn.Sequential(nn.Linear(d_in, 64), nn.ReLU(), nn.Linear(64, d_code))


class DenoisingAE(nn.Module):
    def __init__(self, d_in, d_code):
        super().__init__()
        self.encoder = make_encoder(d_in, d_code)
        self.decoder = nn.Sequential(nn.ReLU(), nn.Linear(d_code, 64), nn.ReLU(), nn.Linear(64, d_in))

    def forward(self, x):
        return self.decoder(self.encoder(x))


def pretrain(x, path, d_code, epochs=10):
    model = DenoisingAE(x.shape[1], d_code)
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    model.train()
    for epoch in range(epochs):
        for idx in torch.randperm(len(x)).split(64):
            noisy = x[idx] + 0.3 * torch.randn_like(x[idx])
            loss = nn.functional.mse_loss(model(noisy), x[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
    torch.save({"epoch": epochs, "state_dict": model.state_dict()}, path)


def load_encoder(path, d_in, d_code):
    encoder = make_encoder(d_in, d_code)
    state = torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    encoder.load_state_dict(state, strict=False)
    return encoder


def probe(encoder, x, y, n_train, epochs=60):
    """Linear probe on the frozen encoder."""
    encoder.eval()
    with torch.no_grad():
        z = encoder(x)
    clf = nn.Linear(z.shape[1], int(y.max()) + 1)
    opt = torch.optim.Adam(clf.parameters(), lr=0.02)
    clf.train()
    for _ in range(epochs):
        opt.zero_grad()
        nn.functional.cross_entropy(clf(z[:n_train]), y[:n_train]).backward()
        opt.step()
    clf.eval()
    with torch.no_grad():
        return (clf(z[n_train:]).argmax(1) == y[n_train:]).float().mean().item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--code", type=int, default=12)
    parser.add_argument("--labelled", type=int, default=60)
    args = parser.parse_args()
    torch.manual_seed(41)
    factors = torch.randn(1600, 4)
    x = torch.tanh(factors @ torch.randn(4, 50)) + 0.8 * torch.randn(1600, 50)
    y = 2 * (factors[:, 0] > 0).long() + (factors[:, 1] > 0).long()
    with tempfile.TemporaryDirectory() as folder:
        ckpt = Path(folder) / "dae.pt"
        pretrain(x[:1000], ckpt, args.code)
        encoder = load_encoder(ckpt, 50, args.code)
    print("linear probe accuracy", probe(encoder, x[1000:], y[1000:], args.labelled))


if __name__ == "__main__":
    main()

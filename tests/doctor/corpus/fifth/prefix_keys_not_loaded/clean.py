import os
import tempfile

import torch
import torch.nn as nn


# 1단계: 오토인코더 사전학습, 2단계: 인코더를 고정하고 분류기만 학습
class Encoder(nn.Module):
    def __init__(self, with_proj=False):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(30, 64), nn.ReLU(), nn.Linear(64, 8))
        if with_proj:
            self.proj = nn.Linear(8, 4)

    def forward(self, x):
        h = self.body(x)
        return self.proj(h) if hasattr(self, "proj") else h


class AutoEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.decoder = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 30))

    def forward(self, x):
        return self.decoder(self.encoder(x))


def pretrain(x, path, epochs=10):
    ae = AutoEncoder()
    opt = torch.optim.Adam(ae.parameters(), lr=2e-3)
    for epoch in range(epochs):
        for idx in torch.randperm(len(x)).split(64):
            loss = nn.functional.mse_loss(ae(x[idx]), x[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
    torch.save({"model": ae.state_dict(), "epoch": epochs}, path)


def load_encoder(path):
    ckpt = torch.load(path, map_location="cpu", weights_only=True)
    weights = {k[len("encoder."):]: v for k, v in ckpt["model"].items() if k.startswith("encoder.")}
    enc = Encoder(with_proj=True)
    # 사전학습에는 proj 층이 없으므로 strict=False
    enc.load_state_dict(weights, strict=False)
    return enc


def main():
    torch.manual_seed(21)
    basis = torch.randn(4, 30)
    z = torch.randn(2400, 4)
    x = z @ basis + 0.3 * torch.randn(2400, 30)
    y = (z[:, 0] * z[:, 1] > 0).long()
    path = os.path.join(tempfile.mkdtemp(), "ae.pt")
    pretrain(x[:2000], path)

    enc = load_encoder(path)
    enc.body.requires_grad_(False)
    clf = nn.Sequential(enc, nn.ReLU(), nn.Linear(4, 2))
    opt = torch.optim.Adam([p for p in clf.parameters() if p.requires_grad], lr=5e-3)
    xl, yl, xv, yv = x[:200], y[:200], x[2000:], y[2000:]
    for epoch in range(30):
        clf.train()
        for idx in torch.randperm(len(xl)).split(20):
            opt.zero_grad()
            nn.functional.cross_entropy(clf(xl[idx]), yl[idx]).backward()
            opt.step()
    clf.eval()
    with torch.no_grad():
        print("검증 정확도", (clf(xv).argmax(1) == yv).float().mean().item())


if __name__ == "__main__":
    main()

# 합성 막대 그림으로 학습하는 작은 합성곱 VAE
import torch
from torch import nn
from torch.nn import functional as F

SEED, EPOCHS, BATCH, Z, SIGMA = 42, 12, 32, 4, 0.3


def bars(n, g):
    """무작위 가로/세로 막대 그림 (n,1,16,16), 밝기는 그림마다 다르고 약한 잡음이 섞인다"""
    x = torch.zeros(n, 1, 16, 16)
    pos = torch.randint(2, 13, (n,), generator=g)
    horiz = torch.rand(n, generator=g) < 0.5
    for i in range(n):
        p = int(pos[i])
        if horiz[i]:
            x[i, 0, p:p + 2, :] = 1
        else:
            x[i, 0, :, p:p + 2] = 1
    level = 0.6 + 0.4 * torch.rand(n, 1, 1, 1, generator=g)
    return level * x + 0.1 * torch.randn(x.shape, generator=g)


class VAE(nn.Module):
    def __init__(self, z):
        super().__init__()
        self.enc = nn.Sequential(
            nn.Conv2d(1, 8, 4, 2, 1), nn.ReLU(),
            nn.Conv2d(8, 16, 4, 2, 1), nn.ReLU(),
            nn.Flatten(), nn.Linear(16 * 4 * 4, 64), nn.ReLU(),
        )
        self.mu = nn.Linear(64, z)
        self.logvar = nn.Linear(64, z)
        self.dec = nn.Sequential(
            nn.Linear(z, 64), nn.ReLU(), nn.Linear(64, 256), nn.ReLU(), nn.Unflatten(1, (16, 4, 4)),
            nn.ConvTranspose2d(16, 8, 4, 2, 1), nn.ReLU(),
            nn.ConvTranspose2d(8, 1, 4, 2, 1),
        )

    def encode(self, x):
        h = self.enc(x)
        return self.mu(h), self.logvar(h)

    def forward(self, x):
        mu, logvar = self.encode(x)
        std = torch.exp(0.5 * logvar)
        z = mu + std * torch.randn_like(std)
        return self.dec(z), mu, logvar


def elbo_terms(recon, x, mu, logvar):
    # 재구성 항은 픽셀 합, KL 은 잠재 차원 합 — 둘 다 표본 단위로 맞춘다
    rec = F.mse_loss(recon, x, reduction="none").flatten(1).sum(1) / (2 * SIGMA ** 2)  # 분산 고정 가우시안 (상수항 생략)
    kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(1)
    return rec, kl


def main():
    torch.manual_seed(SEED)
    g = torch.Generator().manual_seed(SEED)
    train, valid = bars(640, g), bars(160, g)
    model = VAE(Z)
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    step, warmup = 0, 60
    for epoch in range(EPOCHS):
        model.train()
        for idx in torch.randperm(len(train)).split(BATCH):
            x = train[idx]
            recon, mu, logvar = model(x)
            rec, kl = elbo_terms(recon, x, mu, logvar)
            beta = min(1.0, (step + 1) / warmup)   # KL 어닐링
            loss = (rec + beta * kl).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
            step += 1
        model.eval()
        with torch.no_grad():
            recon, mu, logvar = model(valid)
            rec, kl = elbo_terms(recon, valid, mu, logvar)
        print(f"에폭 {epoch}: 검증 -ELBO {(rec + kl).mean().item():.2f} (rec {rec.mean().item():.2f}, kl {kl.mean().item():.2f})")

    with torch.no_grad():
        sample = model.dec(torch.randn(4, Z))
    print("표본 평균 밝기", [round(v, 3) for v in sample.mean((1, 2, 3)).tolist()])


if __name__ == "__main__":
    main()

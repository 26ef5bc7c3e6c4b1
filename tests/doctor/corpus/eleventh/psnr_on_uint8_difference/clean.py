import argparse
import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def texture(n, rng, size=32):
    yy, xx = np.mgrid[:size, :size] / size
    out = []
    for _ in range(n):
        f = rng.uniform(1, 5, 4)
        ph = rng.uniform(0, 2 * np.pi, 2)
        im = np.sin(2 * np.pi * (f[0] * xx + f[1] * yy) + ph[0]) + np.sin(2 * np.pi * (f[2] * xx - f[3] * yy) + ph[1])
        out.append((im + 2) / 4)
    return torch.tensor(np.stack(out), dtype=torch.float32).unsqueeze(1)


class ESPCN(nn.Module):
    def __init__(self, scale=2):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 24, 5, padding=2)
        self.conv2 = nn.Conv2d(24, 16, 3, padding=1)
        self.conv3 = nn.Conv2d(16, scale ** 2, 3, padding=1)
        self.shuffle = nn.PixelShuffle(scale)
        self.scale = scale

    def forward(self, x):
        base = F.interpolate(x, scale_factor=self.scale, mode="bicubic", align_corners=False)
        h = torch.relu(self.conv2(torch.relu(self.conv1(x))))
        return base + self.shuffle(self.conv3(h))


def to_image(t):
    return (t.clamp(0, 1) * 255.0).round().byte().numpy()


def psnr(sr, hr):
    a, b = to_image(sr).astype(np.float64), to_image(hr).astype(np.float64)
    mse = np.mean((a - b) ** 2)
    return 10 * math.log10(255.0 ** 2 / max(mse, 1e-12))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=6)
    ap.add_argument("--lr", type=float, default=2e-3)
    ap.add_argument("--seed", type=int, default=3)
    args = ap.parse_args()

    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    hr_train, hr_test = texture(128, rng), texture(24, rng)
    lr_train, lr_test = F.avg_pool2d(hr_train, 2), F.avg_pool2d(hr_test, 2)

    net = ESPCN()
    opt = torch.optim.Adam(net.parameters(), lr=args.lr)
    for epoch in range(1, args.epochs + 1):
        net.train()
        for idx in torch.randperm(len(hr_train)).split(16):
            opt.zero_grad()
            loss = F.l1_loss(net(lr_train[idx]), hr_train[idx])
            loss.backward()
            opt.step()
        net.eval()
        with torch.no_grad():
            score = [psnr(net(lr_test[i:i + 1]), hr_test[i:i + 1]) for i in range(len(hr_test))]
        print(f"epoch {epoch}: L1 {loss.item():.4f}  test PSNR {np.mean(score):.2f} dB")


if __name__ == "__main__":
    main()

# coding: utf-8
# 진동 신호 분류 (합성 데이터)
import numpy as np
import torch
import torch.nn as nn


class ConvBlock(nn.Module):
    def __init__(self, c_in, c_out, k=5, stride=1):
        super(ConvBlock, self).__init__()
        self.conv = nn.Conv1d(c_in, c_out, k, stride=stride, padding=k // 2, bias=False)
        self.norm = nn.BatchNorm1d(c_out)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x):
        x = self.conv(x)
        x = self.norm(x)
        return self.act(x)


class VibrationNet(nn.Module):
    def __init__(self, num_classes=3):
        super(VibrationNet, self).__init__()
        self.features = nn.Sequential(
            ConvBlock(1, 8),
            ConvBlock(8, 16, stride=2),
            ConvBlock(16, 16, stride=2),
        )
        self.pool = nn.AdaptiveAvgPool1d(1)
        self.fc = nn.Linear(16, num_classes)

    def forward(self, x):
        x = self.pool(self.features(x)).flatten(1)
        return self.fc(x)


def gen_signals(n, rng, length=64):
    """정상 / 저주파 고장 / 고주파 고장, 위상은 임의"""
    t = np.arange(length)
    y = rng.integers(0, 3, size=n)
    freq = np.array([0.15, 0.5, 1.1])[y]
    phase = rng.uniform(0, 2 * np.pi, size=n)
    x = np.sin(freq[:, None] * t[None, :] + phase[:, None]) + 0.4 * rng.standard_normal((n, length))
    return torch.tensor(x, dtype=torch.float32).unsqueeze(1), torch.tensor(y, dtype=torch.long)


def run():
    torch.manual_seed(42)
    rng = np.random.default_rng(42)
    x_tr, y_tr = gen_signals(900, rng)
    x_te, y_te = gen_signals(300, rng)
    net = VibrationNet()
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(8):
        net.train()
        perm = torch.randperm(len(x_tr))
        losses = []
        for start in range(0, len(x_tr), 60):
            idx = perm[start:start + 60]
            optimizer.zero_grad()
            loss = criterion(net(x_tr[idx]), y_tr[idx])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        net.eval()
        with torch.no_grad():
            acc = (net(x_te).argmax(1) == y_te).float().mean().item()
        print("epoch {} loss {:.4f} test acc {:.3f}".format(epoch, np.mean(losses), acc))


if __name__ == "__main__":
    run()

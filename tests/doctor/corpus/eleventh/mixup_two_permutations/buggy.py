import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self, n_class=3):
        super().__init__()
        self.conv1 = nn.Conv1d(1, 16, 5, padding=2)
        self.bn1 = nn.BatchNorm1d(16)
        self.conv2 = nn.Conv1d(16, 32, 5, padding=2)
        self.bn2 = nn.BatchNorm1d(32)
        self.fc = nn.Linear(32, n_class)

    def forward(self, x):
        x = F.max_pool1d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.relu(self.bn2(self.conv2(x)))
        return self.fc(x.mean(-1))


def waves(n, rng, length=48):
    kind = rng.integers(0, 3, n)
    t = np.linspace(0, 4, length)[None]
    freq, shift = rng.uniform(0.5, 1.0, (n, 1)), rng.uniform(0, 1, (n, 1))
    phase = (freq * t + shift) % 1.0
    sig = np.where(kind[:, None] == 0, np.sin(2 * np.pi * phase),
                   np.where(kind[:, None] == 1, np.sign(phase - 0.5), 2 * phase - 1))
    sig = sig + rng.normal(0, 0.4, sig.shape)
    return torch.tensor(sig, dtype=torch.float32).unsqueeze(1), torch.tensor(kind)


def mixup(x, y, alpha, rng):
    lam = float(rng.beta(alpha, alpha))
    y = F.one_hot(y, 3).float()
    x = lam * x + (1 - lam) * x[torch.randperm(len(x))]
    y = lam * y + (1 - lam) * y[torch.randperm(len(y))]
    return x, y


def main():
    torch.manual_seed(88)
    rng = np.random.default_rng(88)
    x_tr, y_tr = waves(960, rng)
    x_te, y_te = waves(400, rng)
    net = Net()
    opt = torch.optim.Adam(net.parameters(), lr=2e-3)
    for epoch in range(8):
        net.train()
        for idx in torch.randperm(len(x_tr)).split(64):
            xb, yb = mixup(x_tr[idx], y_tr[idx], 1.0, rng)
            loss = F.cross_entropy(net(xb), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
        net.eval()
        with torch.no_grad():
            acc = (net(x_te).argmax(1) == y_te).float().mean().item()
        print(f"epoch {epoch} last loss {loss.item():.3f} test acc {acc:.3f}")


main()

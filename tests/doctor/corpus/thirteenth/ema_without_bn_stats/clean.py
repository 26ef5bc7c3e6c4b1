import copy

import torch
import torch.nn as nn
import torch.nn.functional as F


class ModelEMA:
    """Keeps a smoothed copy of a network; the copy is what we evaluate and export."""

    def __init__(self, model, decay=0.98):
        self.decay = decay
        self.module = copy.deepcopy(model).eval()
        for p in self.module.parameters():
            p.requires_grad_(False)

    @torch.no_grad()
    def update(self, model):
        for ema_p, p in zip(self.module.parameters(), model.parameters()):
            ema_p.mul_(self.decay).add_(p, alpha=1 - self.decay)
        for ema_b, b in zip(self.module.buffers(), model.buffers()):
            ema_b.copy_(b)


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(1, 8, 5, padding=2)
        self.bn1 = nn.BatchNorm1d(8)
        self.conv2 = nn.Conv1d(8, 16, 5, padding=2)
        self.bn2 = nn.BatchNorm1d(16)
        self.fc = nn.Linear(16, 3)

    def forward(self, x):
        x = F.max_pool1d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.relu(self.bn2(self.conv2(x)))
        return self.fc(x.mean(-1))


def waves(n, g):
    label = torch.randint(0, 3, (n,), generator=g)
    t = torch.linspace(0, 1, 40)
    freq = 2.0 + 3.0 * label.float()
    phase = torch.rand(n, 1, generator=g) * 6.28
    x = 5.0 + 3.0 * torch.sin(6.28 * freq[:, None] * t + phase)
    return (x + 0.5 * torch.randn(n, 40, generator=g)).unsqueeze(1), label


g = torch.Generator().manual_seed(21)
torch.manual_seed(21)
xtr, ytr = waves(768, g)
xva, yva = waves(256, g)
net = ConvNet()
ema = ModelEMA(net)
opt = torch.optim.AdamW(net.parameters(), lr=3e-3)

for epoch in range(8):
    net.train()
    for idx in torch.randperm(len(xtr)).split(32):
        opt.zero_grad()
        F.cross_entropy(net(xtr[idx]), ytr[idx]).backward()
        opt.step()
        ema.update(net)
    with torch.no_grad():
        acc = (ema.module(xva).argmax(1) == yva).float().mean().item()
    print(f"epoch {epoch} ema val acc {acc:.3f}")

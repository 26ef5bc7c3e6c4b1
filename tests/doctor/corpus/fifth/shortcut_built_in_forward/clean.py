import torch
import torch.nn as nn
import torch.nn.functional as F


class ResBlock(nn.Module):
    def __init__(self, cin, cout):
        super().__init__()
        self.conv1 = nn.Conv1d(cin, cout, 5, padding=2, bias=False)
        self.bn1 = nn.BatchNorm1d(cout)
        self.conv2 = nn.Conv1d(cout, cout, 5, padding=2, bias=False)
        self.bn2 = nn.BatchNorm1d(cout)
        self.shortcut = nn.Conv1d(cin, cout, 1) if cin != cout else nn.Identity()

    def forward(self, x):
        h = F.relu(self.bn1(self.conv1(x)))
        h = self.bn2(self.conv2(h))
        return F.relu(h + self.shortcut(x))


class ECGNet(nn.Module):
    def __init__(self, widths=(12, 12, 24), classes=3):
        super().__init__()
        chans = [1] + list(widths)
        self.blocks = nn.ModuleList(ResBlock(a, b) for a, b in zip(chans, chans[1:]))
        self.fc = nn.Linear(chans[-1], classes)

    def forward(self, x):
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i + 1 < len(self.blocks):
                x = F.max_pool1d(x, 2)
        return self.fc(x.mean(dim=2))


def beats(n):
    t = torch.linspace(0, 1, 48)
    y = torch.randint(0, 3, (n,))
    freq = 3.0 + 1.0 * y.float()
    sig = torch.sin(6.2832 * freq[:, None] * t + 6.2832 * torch.rand(n, 1))
    return (sig + 1.2 * torch.randn(n, 48)).unsqueeze(1), y


torch.manual_seed(2)
xtr, ytr = beats(600)
xte, yte = beats(200)
net = ECGNet()
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=5)
for epoch in range(5):
    net.train()
    for idx in torch.randperm(600).split(30):
        opt.zero_grad()
        F.cross_entropy(net(xtr[idx]), ytr[idx]).backward()
        opt.step()
    sched.step()
net.eval()
with torch.no_grad():
    print("test accuracy", (net(xte).argmax(1) == yte).float().mean().item())

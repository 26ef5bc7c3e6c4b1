import torch
import torch.nn as nn
import torch.nn.functional as F

# ---- step 1: pretraining task (which of 6 frequencies?)
def waves(n, freqs, seed, shift=0.0):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(0, len(freqs), (n,), generator=g)
    t = torch.linspace(0, 1, 64)
    f = torch.tensor(freqs)[y][:, None]
    ph = 6.2832 * torch.rand(n, 1, generator=g)
    x = torch.sin(6.2832 * f * t + ph) + 0.3 * torch.randn(n, 64, generator=g) + shift
    return x[:, None], y


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv1d(1, 12, 7, stride=2, padding=3)
        self.b1 = nn.BatchNorm1d(12)
        self.c2 = nn.Conv1d(12, 24, 5, stride=2, padding=2)
        self.b2 = nn.BatchNorm1d(24)

    def forward(self, x):
        x = F.relu(self.b1(self.c1(x)))
        x = F.relu(self.b2(self.c2(x)))
        return x.mean(-1)


class Net(nn.Module):
    def __init__(self, k):
        super().__init__()
        self.backbone = Backbone()
        self.head = nn.Linear(24, k)

    def forward(self, x):
        return self.head(self.backbone(x))


def batches(x, y, size=50):
    for idx in torch.randperm(len(x)).split(size):
        yield x[idx], y[idx]


torch.manual_seed(1)
net = Net(6)
px, py = waves(900, [2.0, 4.0, 6.0, 9.0, 12.0, 15.0], seed=1)
opt = torch.optim.AdamW(net.parameters(), lr=4e-3)
net.train()
for _ in range(6):
    for xb, yb in batches(px, py):
        opt.zero_grad()
        F.cross_entropy(net(xb), yb).backward()
        opt.step()

# ---- step 2: linear probe on a new task, the backbone is used as it is
old_head = net.head
net.head = nn.Linear(24, 3)
for p in net.backbone.parameters():
    p.requires_grad = False
tx, ty = waves(150, [3.0, 7.0, 13.0], seed=2, shift=0.8)
vx, vy = waves(300, [3.0, 7.0, 13.0], seed=3, shift=0.8)
probe_opt = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], lr=1e-2)
for epoch in range(10):
    net.train()
    net.backbone.eval()
    for xb, yb in batches(tx, ty):
        probe_opt.zero_grad()
        F.cross_entropy(net(xb), yb).backward()
        probe_opt.step()
    net.eval()
    with torch.no_grad():
        acc = (net(vx).argmax(1) == vy).float().mean()
    if epoch % 3 == 0:
        print(epoch, round(acc.item(), 3))

# ---- step 3: the first task must still work with its own head
qx, qy = waves(300, [2.0, 4.0, 6.0, 9.0, 12.0, 15.0], seed=4)
with torch.no_grad():
    kept = (old_head(net.backbone(qx)).argmax(1) == qy).float().mean()
print("first task", round(kept.item(), 3))

import torch
import torch.nn.functional as F
from torch import nn


class FocalLoss(nn.Module):
    def __init__(self, alpha=0.25, gamma=2.0):
        super().__init__()
        self.alpha, self.gamma = alpha, gamma

    def forward(self, logits, target):
        ce = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
        p_t = torch.exp(-ce)
        a_t = self.alpha * target + (1 - self.alpha) * (1 - target)
        return (a_t * (1 - p_t) ** self.gamma * ce).mean()


torch.manual_seed(8)
x = torch.randn(600, 6)
y = (x[:, 0] + 0.3 * torch.randn(600) > 1.5).float()
net = nn.Sequential(nn.Linear(6, 24), nn.ReLU(), nn.Linear(24, 1), nn.Flatten(0))
crit = FocalLoss(alpha=0.75)
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(5):
    net.train()
    for i in torch.randperm(480).split(40):
        opt.zero_grad()
        crit(net(x[i]), y[i]).backward()
        opt.step()
net.eval()
with torch.no_grad():
    pred = net(x[480:]).sigmoid() > 0.5
    print("recall", (pred & y[480:].bool()).sum().item() / max(1, int(y[480:].sum())))

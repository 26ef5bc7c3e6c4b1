import torch
from torch import nn
import torch.nn.functional as F


class ContrastiveLoss(nn.Module):
    def __init__(self, margin=1.0):
        super().__init__()
        self.margin = margin

    def forward(self, a, b, same):
        d = F.pairwise_distance(a, b)
        return (same * d.pow(2) + (1 - same) * F.relu(self.margin - d).pow(2)).mean()


torch.manual_seed(12)
proto = torch.randn(5, 8)
tower = nn.Sequential(nn.Linear(8, 24), nn.Tanh(), nn.Linear(24, 4))
crit = ContrastiveLoss()
opt = torch.optim.SGD(tower.parameters(), lr=0.1, momentum=0.9)
for it in range(80):
    ca = torch.randint(0, 5, (40,))
    cb = torch.where(torch.rand(40) < 0.5, ca, torch.randint(0, 5, (40,)))
    xa, xb = (proto[c] + 0.2 * torch.randn(40, 8) for c in (ca, cb))
    loss = crit(tower(xa), tower(xb), (ca == cb).float())
    opt.zero_grad()
    loss.backward()
    opt.step()
print("loss", loss.item())

"""Two heads, homoscedastic uncertainty weights (Kendall et al.): one regression, one classification."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
W = torch.randn(10, 4)
x = torch.randn(1600, 10)
h = torch.tanh(x @ W)
y_reg = h[:, 0] * h[:, 1] + h[:, 2] + 0.1 * torch.randn(1600)
y_cls = (h[:, 1] + h[:, 3] > 0).long() + (h[:, 0] > 0.5).long()
y_cls[torch.rand(1600) < 0.3] = -1            # a third has no class label


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(10, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU())
        self.reg, self.cls = nn.Linear(48, 1), nn.Linear(48, 3)
        self.log_var = nn.Parameter(torch.zeros(2))

    def forward(self, x):
        t = self.trunk(x)
        return self.reg(t).squeeze(1), self.cls(t)


def task_losses(net, x, r, c):
    pr, pc = net(x)
    known = c >= 0
    reg = F.mse_loss(pr, r)
    # a batch without any label gives zero and still keeps the graph
    cls = F.cross_entropy(pc[known], c[known]) if known.any() else pc.sum() * 0.0
    return reg, cls


train = DataLoader(TensorDataset(x[:1200], y_reg[:1200], y_cls[:1200]), batch_size=50, shuffle=True)
vx, vr, vc = x[1200:], y_reg[1200:], y_cls[1200:]
net = Net()
opt = torch.optim.Adam([
    {"params": [p for n, p in net.named_parameters() if n != "log_var"], "weight_decay": 1e-4},
    {"params": [net.log_var], "lr": 1e-2},
], lr=3e-3)
for epoch in range(10):
    net.train()
    for xb, rb, cb in train:
        reg, cls = task_losses(net, xb, rb, cb)
        s = net.log_var
        # the total may fall below zero as the variances shrink
        loss = 0.5 * (torch.exp(-s[0]) * reg + s[0]) + torch.exp(-s[1]) * cls + 0.5 * s[1]
        opt.zero_grad()
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        pr, pc = net(vx)
        k = vc >= 0
        print(f"{epoch}: val mse {F.mse_loss(pr, vr).item():.4f} acc {(pc.argmax(1)[k] == vc[k]).float().mean().item():.3f}"
              f" sigma {torch.exp(0.5 * net.log_var).tolist()}")

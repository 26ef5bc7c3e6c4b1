import torch
import torch.nn as nn
from torch.optim.lr_scheduler import ExponentialLR


class FineTuner:
    def __init__(self, trunk, head, lr):
        self.trunk, self.head = trunk, head
        self.trunk.requires_grad_(False)
        self.configure(head.parameters(), lr)

    def configure(self, params, lr, gamma=0.85):
        self.opt = torch.optim.Adam(params, lr=lr)
        self.sched = ExponentialLR(self.opt, gamma=gamma)

    def unfreeze(self, lr):
        self.trunk.requires_grad_(True)
        self.opt = torch.optim.Adam([*self.trunk.parameters(), *self.head.parameters()], lr=lr)

    def epoch(self, x, y):
        self.trunk.train()
        self.head.train()
        for idx in torch.randperm(len(x)).split(40):
            self.opt.zero_grad()
            nn.functional.mse_loss(self.head(self.trunk(x[idx])), y[idx]).backward()
            self.opt.step()
        self.sched.step()

    @torch.no_grad()
    def validate(self, x, y):
        self.trunk.eval()
        self.head.eval()
        return nn.functional.mse_loss(self.head(self.trunk(x)), y).item()


torch.manual_seed(6)
x = torch.randn(500, 5)
y = torch.sin(x[:, :1] * 2) + x[:, 1:2] * x[:, 2:3] + 0.3 * torch.randn(500, 1)
trunk = nn.Sequential(nn.Linear(5, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU())
head = nn.Linear(32, 1)
tuner = FineTuner(trunk, head, lr=1e-2)
for epoch in range(30):
    if epoch == 3:
        tuner.unfreeze(lr=2e-2)
    tuner.epoch(x[:400], y[:400])
    print(epoch, f"lr {tuner.opt.param_groups[0]['lr']:.5f}", f"val {tuner.validate(x[400:], y[400:]):.4f}")

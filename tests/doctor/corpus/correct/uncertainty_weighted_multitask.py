import torch
from torch import nn


class MultiTask(nn.Module):
    """불확실성으로 손실의 무게를 배운다."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 32), nn.ReLU())
        self.reg = nn.Linear(32, 1)
        self.cls = nn.Linear(32, 2)
        self.log_var = nn.Parameter(torch.zeros(2))

    def forward(self, x):
        h = self.body(x)
        return self.reg(h).squeeze(-1), self.cls(h)

    def loss(self, x, r, c):
        pr, pc = self(x)
        losses = torch.stack([nn.functional.mse_loss(pr, r), nn.functional.cross_entropy(pc, c)])
        return (torch.exp(-self.log_var) * losses + self.log_var).sum()


torch.manual_seed(28)
x = torch.randn(400, 8)
r, c = x[:, 0] * 3, (x[:, 1] > 0.2).long()
model = MultiTask()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(5):
    model.train()
    for i in torch.randperm(320).split(40):
        opt.zero_grad()
        loss = model.loss(x[i], r[i], c[i])
        loss.backward()
        opt.step()
    print(epoch, loss.item(), model.log_var.detach().tolist())

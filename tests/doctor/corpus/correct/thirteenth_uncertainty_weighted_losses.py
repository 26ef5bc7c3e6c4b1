"""Multi-task learning with learned homoscedastic uncertainty (Kendall et al. 2018)."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class TwoHeads(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(d, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU())
        self.regress = nn.Linear(32, 1)
        self.classify = nn.Linear(32, 3)

    def forward(self, x):
        h = self.trunk(x)
        return self.regress(h).squeeze(1), self.classify(h)


class UncertaintyWeights(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.log_var = nn.Parameter(torch.zeros(n))

    def forward(self, losses):
        losses = torch.stack(losses)
        return (torch.exp(-self.log_var) * losses + 0.5 * self.log_var).sum()


def make_data(n, gen):
    x = torch.randn(n, 8, generator=gen)
    y_reg = 4 * torch.sin(x[:, 0]) + x[:, 1] + 0.5 * torch.randn(n, generator=gen)
    y_cls = torch.bucketize(x[:, 2] + 0.5 * x[:, 0], torch.tensor([-0.5, 0.5]))
    return x, y_reg, y_cls


torch.manual_seed(31)
gen = torch.Generator().manual_seed(32)
x, yr, yc = make_data(900, gen)
xv, yrv, ycv = make_data(300, gen)

net, weights = TwoHeads(8), UncertaintyWeights(2)
optimizer = torch.optim.Adam(
    [{"params": net.parameters(), "lr": 3e-3}, {"params": weights.parameters(), "lr": 1e-2}]
)

for epoch in range(1, 16):
    net.train()
    for idx in torch.randperm(len(x)).split(60):
        pred, logits = net(x[idx])
        loss_reg = 0.5 * F.mse_loss(pred, yr[idx])
        loss_cls = F.cross_entropy(logits, yc[idx])
        loss = weights([loss_reg, loss_cls])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 0:
        net.eval()
        with torch.no_grad():
            pred, logits = net(xv)
            rmse = F.mse_loss(pred, yrv).sqrt().item()
            acc = (logits.argmax(1) == ycv).float().mean().item()
        print(f"{epoch:3d} rmse {rmse:.3f} acc {acc:.3f} sigma^2 {weights.log_var.detach().exp().tolist()}")

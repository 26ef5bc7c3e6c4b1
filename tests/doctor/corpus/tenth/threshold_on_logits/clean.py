import torch
import torch.nn as nn

torch.manual_seed(77)


class CauseEffectNet(nn.Module):
    """Does x cause y?  Sees a scatter plot as a bag of points."""

    def __init__(self, hidden=32):
        super().__init__()
        self.embed = nn.Sequential(nn.Linear(2, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
        self.head = nn.Linear(hidden, 1)

    def forward(self, points):
        return self.head(self.embed(points).mean(dim=1)).squeeze(-1)


def simulate(n, m=30):
    cause = torch.randn(n, m)
    effect = cause ** 2 + 0.5 * torch.randn(n, m)
    effect = (effect - effect.mean(1, keepdim=True)) / effect.std(1, keepdim=True)
    forward = torch.rand(n) < 0.5
    pts = torch.stack([cause, effect], dim=-1)
    pts = torch.where(forward[:, None, None], pts, pts.flip(-1))
    return pts, forward.float()


train_pts, train_lab = simulate(800)
val_pts, val_lab = simulate(200)
net = CauseEffectNet()
criterion = nn.BCEWithLogitsLoss()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)

for epoch in range(8):
    net.train()
    for idx in torch.randperm(len(train_pts)).split(40):
        output = net(train_pts[idx])
        loss = criterion(output, train_lab[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()

    net.eval()
    with torch.no_grad():
        output = net(val_pts)
        acc = ((torch.sigmoid(output) > 0.5).float() == val_lab).float().mean()
        vloss = criterion(output, val_lab)
    print(f"ep {epoch} | val loss {vloss.item():.3f} | val acc {acc.item():.3f}")

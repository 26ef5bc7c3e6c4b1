import torch
import torch.nn as nn
import torch.nn.functional as F


def nt_xent(z1, z2, tau=0.1):
    n = z1.size(0)
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    sim = z @ z.t() / tau
    target = torch.cat([torch.arange(n, 2 * n), torch.arange(n)])
    return F.cross_entropy(sim, target)


class SimCLR(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 32))
        self.projector = nn.Sequential(nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 16))

    def forward(self, x):
        return self.projector(self.backbone(x))


def make_data(n, means):
    y = torch.randint(0, len(means), (n,))
    content = means[y] + 0.3 * torch.randn(n, 8)
    style = 2.0 * torch.randn(n, 12)
    return torch.cat([content, style], 1), y


def augment(x):
    # the last twelve columns are nuisance
    return torch.cat([x[:, :8] + 0.2 * torch.randn(len(x), 8), 2.0 * torch.randn(len(x), 12)], 1)


def linear_probe(backbone, x, y, xt, yt, k):
    backbone.eval()
    with torch.no_grad():
        f, ft = backbone(x), backbone(xt)
    probe = nn.Linear(f.size(1), k)
    opt = torch.optim.Adam(probe.parameters(), lr=2e-2)
    for _ in range(80):
        opt.zero_grad()
        F.cross_entropy(probe(f), y).backward()
        opt.step()
    with torch.no_grad():
        return (probe(ft).argmax(1) == yt).float().mean().item()


def main():
    torch.manual_seed(6)
    means = 0.5 * torch.randn(6, 8)
    x, y = make_data(1500, means)
    xt, yt = make_data(400, means)
    model = SimCLR()
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(12):
        model.train()
        for i in torch.randperm(len(x)).split(100):
            loss = nt_xent(model(augment(x[i])), model(augment(x[i])))
            opt.zero_grad()
            loss.backward()
            opt.step()
    acc = linear_probe(model.backbone, x[:120], y[:120], xt, yt, len(means))
    print(f"contrastive loss {loss.item():.3f} probe accuracy {acc:.3f}")


main()

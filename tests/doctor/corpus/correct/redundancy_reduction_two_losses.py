import torch
import torch.nn as nn


def off_diagonal(m):
    n = m.size(0)
    return m.flatten()[:-1].view(n - 1, n + 1)[:, 1:].flatten()


def barlow(z1, z2, lamb=5e-3):
    n = z1.size(0)
    z1 = (z1 - z1.mean(0)) / z1.std(0)
    z2 = (z2 - z2.mean(0)) / z2.std(0)
    c = z1.t() @ z2 / n
    return (torch.diagonal(c) - 1).pow(2).sum() + lamb * off_diagonal(c).pow(2).sum()


def vicreg(z1, z2):
    sim = nn.functional.mse_loss(z1, z2)
    std = sum(torch.relu(1 - torch.sqrt(z.var(0) + 1e-4)).mean() for z in (z1, z2))
    cov = 0.0
    for z in (z1, z2):
        z = z - z.mean(0)
        cov = cov + off_diagonal(z.t() @ z / (len(z) - 1)).pow(2).sum() / z.size(1)
    return 25 * sim + 12.5 * std + cov


torch.manual_seed(0)
latent = torch.randn(3000, 4)
proj = torch.randn(4, 24)
views = lambda idx: (latent[idx] @ proj + 0.3 * torch.randn(len(idx), 24), latent[idx] @ proj + 0.3 * torch.randn(len(idx), 24))
for name, criterion in (("barlow", barlow), ("vicreg", vicreg)):
    torch.manual_seed(1)
    net = nn.Sequential(nn.Linear(24, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 16))
    opt = torch.optim.Adam(net.parameters(), lr=1e-3)
    for step in range(300):
        a, b = views(torch.randint(0, 2500, (256,)))
        loss = criterion(net(a), net(b))
        opt.zero_grad()
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        z = net(latent @ proj)
        A = torch.cat([z, torch.ones(len(z), 1)], 1)
        w = torch.linalg.lstsq(A[:2500], latent[:2500]).solution
        err = (A[2500:] @ w - latent[2500:]).pow(2).mean() / latent[2500:].var()
    print(name, loss.item(), "unexplained", err.item())

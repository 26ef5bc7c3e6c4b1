import torch
import torch.nn.functional as F
from torch import nn


def nt_xent(z1, z2, tau=0.2):
    n = z1.size(0)
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    sim = z @ z.t() / tau
    targets = (torch.arange(2 * n, device=sim.device) + n) % (2 * n)
    return F.cross_entropy(sim, targets)


def augment(x):
    keep = (torch.rand_like(x) > 0.2).float()
    return x * keep + 0.15 * torch.randn_like(x)


def make(n, gen, protos):
    y = torch.randint(0, len(protos), (n,), generator=gen)
    return protos[y] + 2.0 * torch.randn(n, protos.size(1), generator=gen), y


def linear_probe(enc, train, test, epochs=30):
    enc.eval()
    with torch.no_grad():
        ftr, fte = enc(train[0]), enc(test[0])
    mu, sd = ftr.mean(0), ftr.std(0) + 1e-6
    ftr, fte = (ftr - mu) / sd, (fte - mu) / sd
    head = nn.Linear(ftr.size(1), 5)
    opt = torch.optim.Adam(head.parameters(), lr=1e-2)
    for _ in range(epochs):
        opt.zero_grad()
        F.cross_entropy(head(ftr), train[1]).backward()
        opt.step()
    with torch.no_grad():
        return (head(fte).argmax(1) == test[1]).float().mean().item()


if __name__ == "__main__":
    torch.manual_seed(9)
    gen = torch.Generator().manual_seed(9)
    protos = torch.randn(5, 32, generator=gen)
    train, test = make(1024, gen, protos), make(300, gen, protos)
    enc = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 32))
    proj = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 16))
    opt = torch.optim.Adam([*enc.parameters(), *proj.parameters()], lr=2e-3)
    x = train[0]
    for ep in range(10):
        enc.train(); proj.train()
        tot = 0.0
        for idx in torch.randperm(len(x)).split(128):
            loss = nt_xent(proj(enc(augment(x[idx]))), proj(enc(augment(x[idx]))))
            opt.zero_grad()
            loss.backward()
            opt.step()
            tot += loss.item() * len(idx)
        if ep % 3 == 0:
            print(f"epoch {ep} nt-xent {tot / len(x):.3f}")
    print("linear probe accuracy", linear_probe(enc, train, test))

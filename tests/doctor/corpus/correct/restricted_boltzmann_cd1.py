import torch

torch.manual_seed(15)
v0 = (torch.rand(300, 12) < 0.5).float()
v0[:, 6:] = v0[:, :6]
W, a, b = 0.01 * torch.randn(12, 8), torch.zeros(12), torch.zeros(8)
for epoch in range(20):
    err = 0.0
    for v in v0[torch.randperm(300)].split(30):
        ph = torch.sigmoid(v @ W + b)
        h = torch.bernoulli(ph)
        pv = torch.sigmoid(h @ W.T + a)
        ph2 = torch.sigmoid(pv @ W + b)
        W += 0.1 * (v.T @ ph - pv.T @ ph2) / len(v)
        a += 0.1 * (v - pv).mean(0)
        b += 0.1 * (ph - ph2).mean(0)
        err += (v - pv).square().mean().item()
print("reconstruction error", err / 10)

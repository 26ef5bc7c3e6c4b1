import torch


@torch.no_grad()
def kmeans(x, k, steps=20):
    c = x[torch.randperm(len(x))[:k]].clone()
    for _ in range(steps):
        a = torch.cdist(x, c).argmin(1)
        for j in range(k):
            if (a == j).any():
                c[j] = x[a == j].mean(0)
    return c, a


torch.manual_seed(16)
x = torch.cat([torch.randn(100, 2) + m for m in (torch.tensor([0.0, 0.0]), torch.tensor([5.0, 5.0]), torch.tensor([0.0, 6.0]))])
c, a = kmeans(x, 3)
print(c.tolist(), a.bincount().tolist())

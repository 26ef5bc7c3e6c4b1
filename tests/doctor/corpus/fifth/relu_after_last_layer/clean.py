import torch
from torch import nn


def mlp(sizes, act=nn.ReLU):
    layers = []
    for i in range(len(sizes) - 1):
        layers.append(nn.Linear(sizes[i], sizes[i + 1]))
        if i < len(sizes) - 2:
            layers.append(act())
    return nn.Sequential(*layers)


def wine(n, g):
    chem = torch.randn(n, 11, generator=g)
    quality = 5.6 + chem[:, :4].sum(1).sin() + 0.5 * chem[:, 4] + 0.2 * torch.randn(n, generator=g)
    return chem, quality.unsqueeze(1)


g = torch.Generator().manual_seed(19)
torch.manual_seed(19)
x, q = wine(1600, g)
xt, qt = wine(400, g)
mean, std = q.mean(), q.std()
q_std = (q - mean) / std

model = mlp([11, 64, 64, 1])
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(12):
    model.train()
    epoch_loss = 0.0
    for idx in torch.randperm(len(x)).split(64):
        opt.zero_grad()
        loss = nn.functional.mse_loss(model(x[idx]), q_std[idx])
        loss.backward()
        opt.step()
        epoch_loss += loss.item() * len(idx)
    print(f"{epoch:2d} {epoch_loss / len(x):.4f}")

model.eval()
with torch.no_grad():
    pred = model(xt) * std + mean
r2 = 1 - ((qt - pred) ** 2).sum() / ((qt - qt.mean()) ** 2).sum()
print("test R2", r2.item())

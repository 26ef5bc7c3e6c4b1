import torch
import torch.nn as nn


def standardize(a, mean=None, std=None):
    if mean is None:
        mean, std = a.mean(0, keepdim=True), a.std(0, keepdim=True)
    return (a - mean) / std, mean, std


torch.manual_seed(18)
raw = torch.randn(600, 4) * torch.tensor([1.0, 10.0, 0.1, 5.0]) + torch.tensor([0.0, 50.0, 1.0, -5.0])
y = (raw[:, 1] / 10 + raw[:, 3] / 5 > 4).long()
train_raw, test_raw = raw[:500], raw[500:]
train_x, mu, sigma = standardize(train_raw)
test_x, _, _ = standardize(test_raw, mu, sigma)

model = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for _ in range(8):
    model.train()
    for i in torch.randperm(500).split(50):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(train_x[i]), y[:500][i]).backward()
        optimizer.step()
model.eval()
with torch.no_grad():
    print((model(test_x).argmax(1) == y[500:]).float().mean())

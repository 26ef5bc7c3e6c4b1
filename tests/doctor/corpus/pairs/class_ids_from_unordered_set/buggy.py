import torch
import torch.nn as nn

torch.manual_seed(3)
words = ["red", "green", "blue", "black"] * 60
length = torch.tensor([len(w) for w in words]).float().unsqueeze(1)
first = torch.tensor([ord(w[0]) - 97 for w in words]).float().unsqueeze(1)
x = torch.cat([length, first / 10], 1) + 0.05 * torch.randn(240, 2)

to_id = {w: i for i, w in enumerate(set(words))}
y = torch.tensor([to_id[w] for w in words])
model = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, len(to_id)))
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(10):
    model.train()
    for i in torch.randperm(240).split(24):
        loss = nn.functional.cross_entropy(model(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
print(to_id, loss.item())

import numpy as np
import torch
import torch.nn as nn

rng = np.random.default_rng(8)
torch.manual_seed(8)
raw = rng.normal(5.0, 3.0, size=(500, 4)).astype("float32")
goal = torch.from_numpy((raw.sum(axis=1) > 20).astype("int64"))

full = torch.from_numpy(raw)
mean, std = full[:400].mean(0), full[:400].std(0)

train = full[:400]
train -= mean
train /= std
everything = (full - mean) / std

m = nn.Sequential(nn.Linear(4, 24), nn.ReLU(), nn.Linear(24, 2))
opt = torch.optim.Adam(m.parameters(), lr=5e-3)
for epoch in range(12):
    m.train()
    for idx in torch.randperm(400).split(40):
        opt.zero_grad()
        nn.functional.cross_entropy(m(train[idx]), goal[idx]).backward()
        opt.step()
m.eval()
with torch.no_grad():
    pred = m(everything).argmax(1)
print(
    "train", (pred[:400] == goal[:400]).float().mean().item(), "test", (pred[400:] == goal[400:]).float().mean().item()
)

import torch
from torch import nn
from torch.utils.data import DataLoader, Subset, TensorDataset

torch.manual_seed(53)
x = torch.randn(500, 5)
margin = x.sum(1)
y = (margin > 0).long()
train = TensorDataset(x[:400], y[:400])
easy_first = margin[:400].abs().argsort(descending=True)
net = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 2))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(5):
    share = min(1.0, 0.4 + 0.15 * epoch)
    subset = Subset(train, easy_first[: int(400 * share)].tolist())
    net.train()
    for xb, yb in DataLoader(subset, batch_size=40, shuffle=True):
        opt.zero_grad()
        nn.functional.cross_entropy(net(xb), yb).backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        print(epoch, len(subset), (net(x[400:]).argmax(1) == y[400:]).float().mean().item())

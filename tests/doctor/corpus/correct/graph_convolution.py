import torch
from torch import nn

torch.manual_seed(49)
n = 60
labels = torch.arange(n) % 3
adj = (torch.rand(n, n) < torch.where(labels[:, None] == labels[None], 0.3, 0.03)).float()
adj = ((adj + adj.T) > 0).float()
adj.fill_diagonal_(1)
deg = adj.sum(1).rsqrt()
a_hat = deg[:, None] * adj * deg[None]
feats = torch.randn(n, 8) + nn.functional.one_hot(labels, 8).float()
train_mask = torch.zeros(n, dtype=torch.bool)
train_mask[torch.randperm(n)[:20]] = True


class GCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.w1, self.w2 = nn.Linear(8, 16), nn.Linear(16, 3)
        self.drop = nn.Dropout(0.3)

    def forward(self, x, a):
        return self.w2(a @ self.drop(torch.relu(self.w1(a @ x))))


net = GCN()
opt = torch.optim.Adam(net.parameters(), lr=1e-2, weight_decay=5e-4)
for epoch in range(60):
    net.train()
    out = net(feats, a_hat)
    loss = nn.functional.cross_entropy(out[train_mask], labels[train_mask])
    opt.zero_grad()
    loss.backward()
    opt.step()
net.eval()
with torch.no_grad():
    pred = net(feats, a_hat).argmax(1)
print("test acc", (pred == labels)[~train_mask].float().mean().item())

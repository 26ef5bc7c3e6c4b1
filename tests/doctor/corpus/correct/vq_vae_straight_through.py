import torch
import torch.nn as nn
import torch.nn.functional as F


class VQ(nn.Module):
    def __init__(self, n=16, d=4, beta=0.25):
        super().__init__()
        self.book = nn.Embedding(n, d)
        nn.init.uniform_(self.book.weight, -0.5, 0.5)
        self.beta = beta

    def forward(self, z):
        idx = torch.cdist(z, self.book.weight).argmin(1)
        q = self.book(idx)
        loss = F.mse_loss(q, z.detach()) + self.beta * F.mse_loss(z, q.detach())
        return z + (q - z).detach(), loss, idx


torch.manual_seed(11)
x = torch.randn(400, 10)
enc, vq, dec = nn.Linear(10, 4), VQ(), nn.Linear(4, 10)
model = nn.ModuleList([enc, vq, dec])
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(6):
    model.train()
    for i in torch.randperm(400).split(40):
        q, commit, idx = vq(enc(x[i]))
        loss = F.mse_loss(dec(q), x[i]) + commit
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item(), "codes", len(idx.unique()))

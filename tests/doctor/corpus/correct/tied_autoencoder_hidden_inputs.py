import torch
from torch import nn
import torch.nn.functional as F


class TiedAE(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(h, d))
        self.b_enc, self.b_dec = nn.Parameter(torch.zeros(h)), nn.Parameter(torch.zeros(d))
        nn.init.xavier_uniform_(self.weight)

    def encode(self, x):
        return torch.sigmoid(F.linear(x, self.weight, self.b_enc))

    def decode(self, h):
        return F.linear(h, self.weight.t(), self.b_dec)

    def forward(self, x, noise=0.0):
        corrupted = x * (torch.rand_like(x) > noise) if self.training and noise else x
        h = self.encode(corrupted)
        return self.decode(h), h


def kl_sparsity(h, rho=0.05):
    q = h.mean(0).clamp(1e-6, 1 - 1e-6)
    return (rho * torch.log(rho / q) + (1 - rho) * torch.log((1 - rho) / (1 - q))).sum()


torch.manual_seed(0)
dictionary = torch.randn(20, 30)
codes = (torch.rand(2000, 20) < 0.1).float() * torch.rand(2000, 20)
x = codes @ dictionary
train, test = x[:1600], x[1600:]
mean = train.mean(0)
train, test = train - mean, test - mean
ae = TiedAE(30, 24)
opt = torch.optim.Adam(ae.parameters(), lr=5e-3)
for epoch in range(20):
    ae.train()
    for b in torch.randperm(len(train)).split(100):
        rec, h = ae(train[b], noise=0.2)
        loss = F.mse_loss(rec, train[b]) + 1e-3 * kl_sparsity(h)
        opt.zero_grad()
        loss.backward()
        opt.step()
    ae.eval()
    with torch.no_grad():
        rec, h = ae(test)
        print(epoch, F.mse_loss(rec, test).item(), (h > 0.5).float().mean().item())

import copy
import torch
import torch.nn as nn
import torch.nn.functional as F


class ShadowWeights:
    """Exponential moving average of the floating-point weights of a module."""

    def __init__(self, module, decay=0.98):
        self.decay = decay
        self.shadow = {n: p.detach().clone() for n, p in module.named_parameters()}

    @torch.no_grad()
    def update(self, module):
        for n, p in module.named_parameters():
            s = self.shadow[n]
            s.mul_(1 - self.decay).add_(p, alpha=self.decay)

    @torch.no_grad()
    def apply_to(self, module):
        for n, p in module.named_parameters():
            p.copy_(self.shadow[n])


class Scorer(nn.Module):
    def __init__(self, n_items=40, dim=12):
        super().__init__()
        self.user = nn.Embedding(60, dim)
        self.item = nn.Embedding(n_items, dim)
        nn.init.normal_(self.user.weight, std=0.3)
        nn.init.normal_(self.item.weight, std=0.3)
        self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, u, i):
        return (self.user(u) * self.item(i)).sum(-1) + self.bias


def ratings(n):
    gu = torch.randn(60, 3)
    gi = torch.randn(40, 3)
    pairs = torch.randperm(60 * 40)[:n]
    u, i = pairs // 40, pairs % 40
    r = (gu[u] * gi[i]).sum(-1) + 0.4 * torch.randn(n)
    return u, i, r


def rmse(m, u, i, r):
    m.eval()
    with torch.no_grad():
        return F.mse_loss(m(u, i), r).sqrt().item()


torch.manual_seed(17)
u, i, r = ratings(2000)
tr, te = slice(0, 1600), slice(1600, None)
mean = r[tr].mean()
r = r - mean

model = Scorer()
ema = ShadowWeights(model)
opt = torch.optim.Adam(model.parameters(), lr=0.02, weight_decay=1e-4)
for epoch in range(15):
    model.train()
    for b in torch.randperm(1600).split(50):
        loss = F.mse_loss(model(u[tr][b], i[tr][b]), r[tr][b])
        opt.zero_grad()
        loss.backward()
        opt.step()
        ema.update(model)

averaged = copy.deepcopy(model)
ema.apply_to(averaged)
print("train rmse  raw %.4f" % rmse(model, u[tr], i[tr], r[tr]))
print("test rmse   raw %.4f   averaged %.4f" % (rmse(model, u[te], i[te], r[te]), rmse(averaged, u[te], i[te], r[te])))

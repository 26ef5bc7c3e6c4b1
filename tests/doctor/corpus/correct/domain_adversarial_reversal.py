import torch
from torch import nn


class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, lam):
        ctx.lam = lam
        return x.view_as(x)

    @staticmethod
    def backward(ctx, g):
        return -ctx.lam * g, None


torch.manual_seed(19)
xs, xt = torch.randn(300, 5), torch.randn(300, 5) + torch.tensor([0, 0, 0, 0, 2.0])
ys = (xs[:, 0] > 0).long()
feat = nn.Sequential(nn.Linear(5, 24), nn.ReLU())
cls, dom = nn.Linear(24, 2), nn.Linear(24, 1)
model = nn.ModuleDict({"f": feat, "c": cls, "d": dom})
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(5):
    model.train()
    lam = 2 / (1 + torch.exp(torch.tensor(-epoch)).item()) - 1
    for i, j in zip(torch.randperm(300).split(30), torch.randperm(300).split(30)):
        fs, ft = feat(xs[i]), feat(xt[j])
        d = dom(Reverse.apply(torch.cat([fs, ft]), lam)).squeeze(1)
        t = torch.cat([torch.zeros(30), torch.ones(30)])
        loss = nn.functional.cross_entropy(cls(fs), ys[i]) + nn.functional.binary_cross_entropy_with_logits(d, t)
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())

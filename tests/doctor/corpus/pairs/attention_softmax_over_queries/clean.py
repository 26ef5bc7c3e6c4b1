import torch
import torch.nn as nn


class Attention(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.wq = nn.Linear(d, d, bias=False)
        self.wk = nn.Linear(d, d, bias=False)
        self.wv = nn.Linear(d, d, bias=False)
        self.scale = d ** -0.5

    def forward(self, x, context):
        scores = torch.einsum("bqd,bkd->bqk", self.wq(x), self.wk(context)) * self.scale
        weights = scores.softmax(dim=2)
        return torch.einsum("bqk,bkd->bqd", weights, self.wv(context))


class Matcher(nn.Module):
    def __init__(self, d=16):
        super().__init__()
        self.att = Attention(d)
        self.out = nn.Linear(d, d)

    def forward(self, q, c):
        return self.out(self.att(q, c))


torch.manual_seed(76)
model = Matcher()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for step in range(150):
    ctx = torch.randn(32, 5, 16)
    pick = torch.randint(0, 5, (32, 5))
    q = ctx.gather(1, pick.unsqueeze(-1).expand(-1, -1, 16)) + 0.1 * torch.randn(32, 5, 16)
    target = ctx.gather(1, pick.unsqueeze(-1).expand(-1, -1, 16))
    loss = nn.functional.mse_loss(model(q, ctx), target)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print(step, loss.item())

import math
import torch
from torch import nn
import torch.nn.functional as F


class Matcher(nn.Module):
    def __init__(self, d=20, h=48, out=16):
        super().__init__()
        self.left = nn.Sequential(nn.Linear(d, h), nn.LayerNorm(h), nn.GELU(), nn.Linear(h, out))
        self.right = nn.Sequential(nn.Linear(d, h), nn.LayerNorm(h), nn.GELU(), nn.Linear(h, out))
        self.logit_scale = nn.Parameter(torch.tensor([math.log(1 / 0.2)]))

    def forward(self, a, b):
        a = F.normalize(self.left(a), dim=-1)
        b = F.normalize(self.right(b), dim=-1)
        return self.logit_scale.exp() * a @ b.t()


def make_groups(model, wd):
    decay, no_decay = [], []
    for name, p in model.named_parameters():
        if p.ndim > 1:
            decay.append(p)
        else:
            no_decay.append(p)
    return [{"params": decay, "weight_decay": wd}, {"params": no_decay, "weight_decay": 0.0}]


def clip_loss(logits):
    t = torch.arange(logits.shape[0])
    return 0.5 * (F.cross_entropy(logits, t) + F.cross_entropy(logits.t(), t))


torch.manual_seed(17)
z = torch.randn(900, 6)
A = torch.tanh(z @ torch.randn(6, 20)) + 0.1 * torch.randn(900, 20)
B = torch.tanh(z @ torch.randn(6, 20)) + 0.1 * torch.randn(900, 20)
model = Matcher()
opt = torch.optim.AdamW(make_groups(model, 0.05), lr=2e-3)
for epoch in range(10):
    model.train()
    for idx in torch.randperm(800).split(64):
        if len(idx) < 64:
            continue
        opt.zero_grad()
        clip_loss(model(A[idx], B[idx])).backward()
        opt.step()
model.eval()
with torch.no_grad():
    logits = model(A[800:], B[800:])
    r1 = (logits.argmax(1) == torch.arange(100)).float().mean().item()
print("recall@1", r1, "scale", round(model.logit_scale.exp().item(), 3))

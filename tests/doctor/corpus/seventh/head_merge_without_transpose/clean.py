import math
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(4)
V, T, C, H, L = 12, 24, 48, 4, 2


class SelfAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(C, 3 * C)
        self.proj = nn.Linear(C, C)
        self.register_buffer("tri", torch.tril(torch.ones(T, T, dtype=torch.bool)))

    def forward(self, x):
        B, t, _ = x.shape
        q, k, v = (u.view(B, t, H, C // H).transpose(1, 2) for u in self.qkv(x).chunk(3, dim=-1))
        w = q @ k.transpose(-2, -1) / math.sqrt(C // H)
        w = w.masked_fill(~self.tri[:t, :t], float("-inf")).softmax(dim=-1)
        y = (w @ v).transpose(1, 2).reshape(B, t, C)
        return self.proj(y)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(C), nn.LayerNorm(C)
        self.att = SelfAttention()
        self.mlp = nn.Sequential(nn.Linear(C, 4 * C), nn.GELU(), nn.Linear(4 * C, C))

    def forward(self, x):
        x = x + self.att(self.n1(x))
        return x + self.mlp(self.n2(x))


class NanoLM(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok = nn.Embedding(V, C)
        self.pos = nn.Embedding(T, C)
        self.blocks = nn.Sequential(*[Block() for _ in range(L)])
        self.norm = nn.LayerNorm(C)
        self.head = nn.Linear(C, V, bias=False)
        self.head.weight = self.tok.weight
        nn.init.normal_(self.tok.weight, std=0.02)
        nn.init.normal_(self.pos.weight, std=0.02)

    def forward(self, i):
        x = self.tok(i) + self.pos(torch.arange(i.size(1), device=i.device))
        return self.head(self.norm(self.blocks(x)))


def batch(n, g):
    """strings of period 4"""
    motif = torch.randint(0, V, (n, 4), generator=g)
    return motif[:, torch.arange(T + 1) % 4]


@torch.no_grad()
def evaluate(model, data):
    model.eval()
    lg = model(data[:, :-1])
    return F.cross_entropy(lg[:, 8:].flatten(0, 1), data[:, 9:].flatten()).item()


@torch.no_grad()
def continue_(model, data, start=14):
    """greedy continuation of a prefix, share of right tokens"""
    model.eval()
    cur = data[:, :start]
    while cur.size(1) < T:
        cur = torch.cat([cur, model(cur)[:, -1].argmax(-1, keepdim=True)], dim=1)
    return (cur[:, start:] == data[:, start:T]).float().mean().item()


g = torch.Generator().manual_seed(1)
val = batch(128, torch.Generator().manual_seed(2))
model = NanoLM()
opt = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.01)
steps = 90
sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=4e-3, total_steps=steps)
for step in range(steps):
    model.train()
    d = batch(32, g)
    loss = F.cross_entropy(model(d[:, :-1]).flatten(0, 1), d[:, 1:].flatten())
    opt.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    sched.step()
    if step % 30 == 29:
        print(step, f"train {loss.item():.3f} val {evaluate(model, val):.3f}")
print("continuation", round(continue_(model, val), 3))

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
text = ("the quick brown fox jumps over the lazy dog while the small cat sleeps under the old oak tree and "
        "the bird sings its song to the morning sun ") * 12
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text])
block, batch, d = 16, 24, 48
max_steps, warmup = 180, 60


class CharTransformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok = nn.Embedding(len(chars), d)
        self.pos = nn.Parameter(torch.zeros(block, d))
        self.ln1, self.ln2, self.lnf = nn.LayerNorm(d), nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.proj = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.mlp = nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d))

    def forward(self, idx):
        x = self.tok(idx) + self.pos[: idx.shape[1]]
        q, k, v = self.qkv(self.ln1(x)).split(d, dim=-1)
        x = x + self.proj(F.scaled_dot_product_attention(q, k, v, is_causal=True))
        x = x + self.mlp(self.ln2(x))
        return self.lnf(x) @ self.tok.weight.T


def lr_factor(step):
    if step < warmup:
        return (step + 1) // warmup
    progress = (step - warmup) / (max_steps - warmup)
    return 0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * progress))


def get_batch():
    ix = torch.randint(0, len(data) - block - 1, (batch,)).tolist()
    return torch.stack([data[i:i + block] for i in ix]), torch.stack([data[i + 1:i + block + 1] for i in ix])


model = CharTransformer()
nn.init.normal_(model.tok.weight, std=0.02)
opt = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.95))
sched = torch.optim.lr_scheduler.LambdaLR(opt, lr_factor)
for step in range(max_steps):
    x, y = get_batch()
    loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
    sched.step()
    if step % 30 == 0 or step == max_steps - 1:
        print(step, round(loss.item(), 3))

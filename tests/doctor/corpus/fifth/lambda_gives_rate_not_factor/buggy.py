import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class WarmupCosine:
    """Linear warm-up followed by a half cosine down to `floor` of the peak."""

    def __init__(self, peak, warm, total, floor=0.02):
        self.peak = peak
        self.warm = warm
        self.total = total
        self.floor = floor

    def __call__(self, step):
        if step < self.warm:
            return self.peak * (step + 1) / self.warm
        done = (step - self.warm) / (self.total - self.warm)
        return self.peak * (self.floor + (1 - self.floor) * 0.5 * (1 + math.cos(math.pi * done)))

    def attach(self, params):
        opt = torch.optim.AdamW(params, lr=self.peak, betas=(0.9, 0.98), weight_decay=0.01)
        return opt, torch.optim.lr_scheduler.LambdaLR(opt, self)


class TinyTransformer(nn.Module):
    def __init__(self, vocab=10, d=32, length=6):
        super().__init__()
        self.tok = nn.Embedding(vocab, d)
        self.pos = nn.Parameter(0.5 * torch.randn(length, d))
        layer = nn.TransformerEncoderLayer(d, 4, 64, dropout=0.0, batch_first=True)
        self.enc = nn.TransformerEncoder(layer, 1)
        self.out = nn.Linear(d, vocab)

    def forward(self, s):
        return self.out(self.enc(self.tok(s) + self.pos))


def reversal_batch(n, gen):
    s = torch.randint(0, 10, (n, 6), generator=gen)
    return s, s.flip(1)


torch.manual_seed(1)
gen = torch.Generator().manual_seed(1)
STEPS = 500
net = TinyTransformer()
opt, sched = WarmupCosine(peak=5e-3, warm=30, total=STEPS).attach(net.parameters())
net.train()
for it in range(STEPS):
    src, tgt = reversal_batch(32, gen)
    opt.zero_grad()
    loss = F.cross_entropy(net(src).flatten(0, 1), tgt.flatten())
    loss.backward()
    opt.step()
    sched.step()
net.eval()
with torch.no_grad():
    src, tgt = reversal_batch(200, gen)
    print("token accuracy", (net(src).argmax(-1) == tgt).float().mean().item())

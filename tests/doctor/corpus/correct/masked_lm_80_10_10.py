"""Masked language model on a toy grammar, with the 80/10/10 rule and labels of -100 elsewhere."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
PAD, MASK, FIRST, V, L, D = 0, 1, 2, 12, 16, 32


def corpus(n, seed):
    """Every second token is fixed by the one before it."""
    g = torch.Generator().manual_seed(seed)
    half = torch.randint(FIRST, V, (n, L // 2), generator=g)
    x = torch.stack([half, (half - FIRST + 7) % (V - FIRST) + FIRST], 2).flatten(1)
    lens = torch.randint(3, L // 2 + 1, (n, 1), generator=g) * 2
    return x.masked_fill(torch.arange(L) >= lens, PAD)


def corrupt(x, p=0.15, g=None):
    chosen = (torch.rand(x.shape, generator=g) < p) & (x != PAD)
    labels = x.masked_fill(~chosen, -100)
    u = torch.rand(x.shape, generator=g)
    x = torch.where(chosen & (u < 0.8), MASK, x)
    noise = torch.randint(FIRST, V, x.shape, generator=g)
    return torch.where(chosen & (u >= 0.8) & (u < 0.9), noise, x), labels


class Bert(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok, self.pos = nn.Embedding(V, D, padding_idx=PAD), nn.Parameter(0.02 * torch.randn(L, D))
        layer = nn.TransformerEncoderLayer(D, 4, 64, dropout=0.0, batch_first=True, norm_first=True)
        self.enc = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Sequential(nn.LayerNorm(D), nn.Linear(D, V))

    def forward(self, x):
        # True marks what is to be ignored; no causal mask, both sides may be seen
        return self.head(self.enc(self.tok(x) + self.pos, src_key_padding_mask=x == PAD))


train, val = corpus(1500, 1), corpus(300, 2)
val_in, val_lab = corrupt(val, g=torch.Generator().manual_seed(9))     # the same masks in every epoch
net = Bert()
opt = torch.optim.AdamW(net.parameters(), lr=5e-3)
for epoch in range(6):
    net.train()
    for i in torch.randperm(len(train)).split(50):
        x, lab = corrupt(train[i])
        loss = F.cross_entropy(net(x).flatten(0, 1), lab.flatten(), ignore_index=-100)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
    net.eval()
    with torch.no_grad():
        out = net(val_in)
        sel = val_lab != -100
        acc = (out.argmax(-1)[sel] == val_lab[sel]).float().mean().item()
        vl = F.cross_entropy(out[sel], val_lab[sel]).item()
    print(f"epoch {epoch} val loss {vl:.3f} masked accuracy {acc:.3f}")

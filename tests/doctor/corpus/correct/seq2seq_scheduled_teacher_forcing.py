import random
import torch
import torch.nn as nn
import torch.nn.functional as F

random.seed(0)
torch.manual_seed(0)
BOS, EOS, PAD, V, LEN = 10, 11, 12, 13, 5          # digits 0..9


def batch(n, lo=3, hi=LEN):
    """Reverse a string of digits."""
    src = torch.full((n, hi), PAD)
    tgt = torch.full((n, hi + 1), PAD)
    lens = torch.randint(lo, hi + 1, (n,))
    for i, k in enumerate(lens.tolist()):
        s = torch.randint(10, (k,))
        src[i, :k], tgt[i, :k], tgt[i, k] = s, s.flip(0), EOS
    return src, lens, tgt


class Seq2Seq(nn.Module):
    def __init__(self, d=64):
        super().__init__()
        self.emb = nn.Embedding(V, d, padding_idx=PAD)
        self.enc = nn.GRU(d, d, batch_first=True)
        self.dec = nn.GRUCell(d, d)
        self.out = nn.Linear(2 * d, V)

    def forward(self, src, lens, tgt=None, forcing=0.0, steps=LEN + 1):
        packed = nn.utils.rnn.pack_padded_sequence(self.emb(src), lens, batch_first=True, enforce_sorted=False)
        mem, h = self.enc(packed)
        mem, _ = nn.utils.rnn.pad_packed_sequence(mem, batch_first=True, total_length=src.size(1))
        hide = src == PAD
        h, tok, logits = h[-1], src.new_full((len(src),), BOS), []
        for t in range(steps):
            h = self.dec(self.emb(tok), h)
            att = torch.bmm(mem, h.unsqueeze(2)).squeeze(2).masked_fill(hide, float("-inf")).softmax(1)
            ctx = torch.bmm(att.unsqueeze(1), mem).squeeze(1)
            step = self.out(torch.cat([h, ctx], 1))
            logits.append(step)
            tok = tgt[:, t] if tgt is not None and random.random() < forcing else step.argmax(1)
        return torch.stack(logits, 1)


net = Seq2Seq()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
ITERS = 150
for it in range(ITERS):
    net.train()
    src, lens, tgt = batch(64)
    logits = net(src, lens, tgt, forcing=1.0 - 0.5 * it / ITERS)
    loss = F.cross_entropy(logits.transpose(1, 2), tgt, ignore_index=PAD)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    opt.step()
    if it % 50 == 49:
        net.eval()
        with torch.no_grad():
            src, lens, tgt = batch(300)
            pred = net(src, lens).argmax(2)         # free running
            real = tgt != PAD
            whole = ((pred == tgt) | ~real).all(1).float().mean().item()
            token = (pred == tgt)[real].float().mean().item()
        print(f"{it + 1}: loss {loss.item():.3f} tokens {token:.3f} sequences {whole:.3f}")

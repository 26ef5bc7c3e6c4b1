"""Gradient accumulation where every micro-batch holds a different number of real tokens."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pad_sequence

torch.manual_seed(0)
PAD, VOCAB, MICRO = 0, 12, 4


def sequence(g):
    """Counting modulo 11 with a random step; tokens 1..11."""
    n = int(torch.randint(4, 20, (), generator=g))
    start, step = torch.randint(0, 11, (2,), generator=g)
    return (start + step.clamp(min=1) * torch.arange(n)) % 11 + 1


def collate(seqs):
    x = pad_sequence([s[:-1] for s in seqs], batch_first=True, padding_value=PAD)
    y = pad_sequence([s[1:] for s in seqs], batch_first=True, padding_value=PAD)
    return x, y


class LM(nn.Module):
    def __init__(self, d=48):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, d, padding_idx=PAD)
        self.rnn = nn.GRU(d, d, batch_first=True)
        self.out = nn.Linear(d, VOCAB)

    def forward(self, x):
        return self.out(self.rnn(self.emb(x))[0])


def nll_sum(model, x, y):
    return F.cross_entropy(model(x).flatten(0, 1), y.flatten(), ignore_index=PAD, reduction="sum")


g = torch.Generator().manual_seed(5)
train, val = [sequence(g) for _ in range(512)], [sequence(g) for _ in range(128)]
model = LM()
opt = torch.optim.AdamW(model.parameters(), lr=5e-3)

for epoch in range(6):
    model.train()
    order = torch.randperm(len(train)).tolist()
    total_nll, total_tok = 0.0, 0
    for start in range(0, len(order), 16 * MICRO):
        ids = order[start:start + 16 * MICRO]
        micro = [collate([train[i] for i in ids[j:j + 16]]) for j in range(0, len(ids), 16)]
        tokens = sum(int((y != PAD).sum()) for _, y in micro)     # of the whole effective batch
        opt.zero_grad()
        for x, y in micro:
            loss = nll_sum(model, x, y)
            (loss / tokens).backward()
            total_nll += loss.item()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        total_tok += tokens

    model.eval()
    v_nll = v_tok = 0
    with torch.no_grad():
        for j in range(0, len(val), 32):
            x, y = collate(val[j:j + 32])
            v_nll += nll_sum(model, x, y).item()
            v_tok += (y != PAD).sum().item()
    print(f"epoch {epoch} train nll/token {total_nll / total_tok:.3f} val ppl {torch.tensor(v_nll / v_tok).exp().item():.2f}")

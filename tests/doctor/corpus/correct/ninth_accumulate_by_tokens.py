"""Gradient accumulation over batches with different numbers of real tokens.

Summed losses are divided by the token count of the whole accumulation window, so the update equals that of one
large batch. A check at the start proves it."""
import copy
import itertools

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pad_sequence

PAD, V = 0, 14


def sentences(n, gen):
    out = []
    for _ in range(n):
        length = int(torch.randint(4, 20, (1,), generator=gen))
        start, step = torch.randint(1, V, (1,), generator=gen).item(), int(torch.randint(1, 4, (1,), generator=gen))
        s = (start - 1 + step * torch.arange(length)) % (V - 1) + 1
        noise = torch.rand(length, generator=gen) < 0.05
        s[noise] = torch.randint(1, V, (int(noise.sum()),), generator=gen)
        out.append(s)
    return out


def collate(seqs):
    ids = pad_sequence(seqs, batch_first=True, padding_value=PAD)
    return ids[:, :-1], ids[:, 1:]


class LM(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.emb = nn.Embedding(V, d, padding_idx=PAD)
        self.rnn = nn.GRU(d, d, batch_first=True)
        self.out = nn.Linear(d, V)

    def forward(self, x):
        return self.out(self.rnn(self.emb(x))[0])


def loss_sum(model, x, y):
    return F.cross_entropy(model(x).transpose(1, 2), y, ignore_index=PAD, reduction="sum")


def accumulate(model, window):
    """Backward over all micro-batches of a window; returns the mean token loss."""
    tokens = sum((y != PAD).sum() for _, y in window)
    total = 0.0
    for x, y in window:
        loss = loss_sum(model, x, y) / tokens
        loss.backward()
        total += loss.item()
    return total


def check_equivalence(model, seqs):
    a, b = copy.deepcopy(model), copy.deepcopy(model)
    accumulate(a, [collate(seqs[:4]), collate(seqs[4:6]), collate(seqs[6:16])])
    accumulate(b, [collate(seqs)])
    for p, q in zip(a.parameters(), b.parameters()):
        torch.testing.assert_close(p.grad, q.grad, rtol=1e-4, atol=1e-6)


def windows(seqs, micro, accum):
    order = torch.randperm(len(seqs)).tolist()
    micros = [collate([seqs[j] for j in order[i:i + micro]]) for i in range(0, len(order), micro)]
    it = iter(micros)
    while w := list(itertools.islice(it, accum)):  # the last window may be shorter; its divisor fits it
        yield w


@torch.no_grad()
def perplexity(model, seqs):
    model.eval()
    x, y = collate(seqs)
    return (loss_sum(model, x, y) / (y != PAD).sum()).exp().item()


def main():
    torch.manual_seed(3)
    gen = torch.Generator().manual_seed(3)
    train, val = sentences(420, gen), sentences(100, gen)
    model = LM()
    check_equivalence(model, train[:16])
    opt = torch.optim.AdamW(model.parameters(), lr=1e-2)
    epochs, micro, accum = 6, 8, 4
    per_epoch = -(-len(train) // (micro * accum))
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=epochs * per_epoch)  # counted in optimizer steps
    for epoch in range(epochs):
        model.train()
        for w in windows(train, micro, accum):
            last = accumulate(model, w)
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            opt.zero_grad(set_to_none=True)
            sched.step()
        print(f"epoch {epoch} loss {last:.3f} val ppl {perplexity(model, val):.2f}")


if __name__ == "__main__":
    main()

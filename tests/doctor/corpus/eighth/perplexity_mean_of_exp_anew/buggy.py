import math

import torch
import torch.nn as nn

torch.manual_seed(6)
nouns = "fox dog cat bird horse child farmer sailor teacher river garden window".split()
verbs = "sees follows likes hears finds paints forgets greets".split()


def sentence():
    i, j, k = (torch.randint(0, len(w), ()).item() for w in (nouns, verbs, nouns))
    tail = " again" if torch.rand(()) < 0.3 else ""
    return f"the {nouns[i]} {verbs[j]} the {nouns[k]}{tail} . "


text = "".join(sentence() for _ in range(260))
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
ids = torch.tensor([stoi[c] for c in text])
cut = int(0.9 * len(ids))
train_ids, valid_ids = ids[:cut], ids[cut:]


def batchify(seq, rows):
    n = len(seq) // rows
    return seq[: n * rows].view(rows, n)


def segments(block, bptt):
    for s in range(0, block.size(1) - 1, bptt):
        stop = min(s + bptt, block.size(1) - 1)
        yield block[:, s:stop], block[:, s + 1:stop + 1]


class CharLM(nn.Module):
    def __init__(self, vocab, dim=32):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.rnn = nn.LSTM(dim, dim, batch_first=True)
        self.out = nn.Linear(dim, vocab)

    def forward(self, x, state=None):
        h, state = self.rnn(self.emb(x), state)
        return self.out(h), state


def train_epoch(lm, block, optimizer, bptt=32):
    lm.train()
    state = None
    for x, t in segments(block, bptt):
        logits, state = lm(x, state)
        state = tuple(s.detach() for s in state)
        loss = nn.functional.cross_entropy(logits.transpose(1, 2), t)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(lm.parameters(), 1.0)
        optimizer.step()


@torch.no_grad()
def perplexity(lm, block, bptt=8):
    lm.eval()
    state, total, count = None, 0.0, 0
    for x, t in segments(block, bptt):
        logits, state = lm(x, state)
        nll = nn.functional.cross_entropy(logits.transpose(1, 2), t).item()
        total += math.exp(nll) * t.numel()
        count += t.numel()
    return total / count


lm = CharLM(len(chars))
optimizer = torch.optim.Adam(lm.parameters(), lr=5e-3)
blocks = batchify(train_ids, 8), batchify(valid_ids, 2)
for epoch in range(5):
    train_epoch(lm, blocks[0], optimizer)
    print(f"epoch {epoch}: valid ppl {perplexity(lm, blocks[1]):.3f}")

# Character LM with carried hidden state (truncated BPTT), perplexity in bits per character
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(4)
gen = torch.Generator().manual_seed(4)
words = ["the", "cat", "sat", "on", "mat", "and", "dog", "ran", "far", "from", "a", "big", "red", "hat"]
follow = torch.rand(len(words), len(words), generator=gen).pow(4)


def write(n, gen):
    w, out = 0, []
    for _ in range(n):
        out.append(words[w])
        w = torch.multinomial(follow[w], 1, generator=gen).item()
    return " ".join(out)


text = write(6000, gen)
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
ids = torch.tensor([stoi[c] for c in text])
n1, n2 = int(0.8 * len(ids)), int(0.9 * len(ids))
train_ids, val_ids, test_ids = ids[:n1], ids[n1:n2], ids[n2:]


def batchify(x, bsz):
    n = len(x) // bsz
    return x[:n * bsz].view(bsz, n).t().contiguous()      # (time, batch)


def chunks(src, bptt):
    for i in range(0, len(src) - 1, bptt):
        m = min(bptt, len(src) - 1 - i)
        yield src[i:i + m], src[i + 1:i + 1 + m]


class CharRNN(nn.Module):
    def __init__(self, v, d=32, h=64):
        super().__init__()
        self.emb = nn.Embedding(v, d)
        self.rnn = nn.GRU(d, h)
        self.out = nn.Linear(h, v)

    def forward(self, x, state=None):
        o, state = self.rnn(self.emb(x), state)
        return self.out(o), state


def evaluate(model, src, bptt=100):
    model.eval()
    nll, count, state = 0.0, 0, None
    with torch.no_grad():
        for x, y in chunks(src, bptt):
            logits, state = model(x, state)
            nll += F.cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="sum").item()
            count += y.numel()
    return nll / count / math.log(2)


model = CharRNN(len(chars))
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
train_src, val_src, test_src = batchify(train_ids, 32), batchify(val_ids, 8), batchify(test_ids, 8)
best_val, best_path = float("inf"), "char_lm.pt"
for epoch in range(6):
    model.train()
    state = None
    for x, y in chunks(train_src, 35):
        if state is not None:
            state = state.detach()
        logits, state = model(x, state)
        loss = F.cross_entropy(logits.view(-1, len(chars)), y.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
    v = evaluate(model, val_src)
    print(f"epoch {epoch} val {v:.3f} bits/char")
    if v < best_val:
        best_val = v
        torch.save(model.state_dict(), best_path)

model.load_state_dict(torch.load(best_path, weights_only=True))
print(f"test {evaluate(model, test_src):.3f} bits/char")

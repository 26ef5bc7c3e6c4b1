import random

import torch
import torch.nn as nn
from torch.nn import functional as F

rng = random.Random(0)
who, does, where = "fox dog bird cat".split(), "runs sleeps sings jumps".split(), "home there today alone".split()
text = "".join(f"the {rng.choice(who)} {rng.choice(does)} {rng.choice(where)}. " for _ in range(150))
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text])
n_train = int(0.8 * len(data))
block_size, batch_size = 32, 24


def get_batch(split):
    d = data[:n_train] if split == "train" else data[n_train:]
    ix = torch.randint(len(d) - block_size - 1, (batch_size,))
    return torch.stack([d[i:i + block_size + 1] for i in ix.tolist()])


class CharRNN(nn.Module):
    def __init__(self, vocab, n_embd=24, n_hidden=64):
        super().__init__()
        self.wte = nn.Embedding(vocab, n_embd)
        self.rnn = nn.GRU(n_embd, n_hidden, batch_first=True)
        self.lm_head = nn.Linear(n_hidden, vocab)

    def forward(self, idx, h=None):
        out, h = self.rnn(self.wte(idx), h)
        return self.lm_head(out), h


def lm_loss(model, tokens):
    logits, _ = model(tokens)
    return F.cross_entropy(logits.flatten(0, 1), tokens.flatten())


@torch.no_grad()
def sample(model, start="the ", n=60):
    model.eval()
    logits, h = model(torch.tensor([[stoi[c] for c in start]]))
    out = start
    for _ in range(n):
        nxt = torch.multinomial(F.softmax(logits[:, -1], dim=-1), 1)
        out += chars[nxt.item()]
        logits, h = model(nxt, h)
    return out


torch.manual_seed(1337)
model = CharRNN(len(chars))
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
for it in range(121):
    model.train()
    loss = lm_loss(model, get_batch("train"))
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    if it % 40 == 0:
        model.eval()
        with torch.no_grad():
            val = lm_loss(model, get_batch("val"))
        print(f"iter {it}: train {loss.item():.3f} val {val.item():.3f}")
print(sample(model))

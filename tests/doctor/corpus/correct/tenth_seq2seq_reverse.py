"""Seq2seq homework: reverse a string of digits with a GRU encoder-decoder."""
import random

import torch
from torch import nn

torch.manual_seed(42)
random.seed(42)

SOS, EOS = 0, 1
DIGIT0 = 2
VOCAB = DIGIT0 + 10
TEACHER_FORCING = 0.7


def make_batch(n, g, split):
    """Strings whose tokens sum to a multiple of five are kept for testing."""
    length = int(torch.randint(3, 5, (1,), generator=g))
    src = torch.randint(DIGIT0, VOCAB, (n, length), generator=g)
    held_out = src.sum(dim=1) % 5 == 0
    src = src[held_out if split == "test" else ~held_out]
    eos = torch.full((src.size(0), 1), EOS)
    return src, torch.cat([src.flip(1), eos], dim=1)


class Encoder(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, hidden)
        self.rnn = nn.GRU(hidden, hidden, batch_first=True)

    def forward(self, src):
        _, h = self.rnn(self.emb(src))
        return h


class Decoder(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, hidden)
        self.rnn = nn.GRU(hidden, hidden, batch_first=True)
        self.out = nn.Linear(hidden, VOCAB)

    def forward(self, token, h):
        y, h = self.rnn(self.emb(token).unsqueeze(1), h)
        return self.out(y.squeeze(1)), h


class Seq2Seq(nn.Module):
    def __init__(self, hidden=48):
        super().__init__()
        self.encoder = Encoder(hidden)
        self.decoder = Decoder(hidden)

    def forward(self, src, tgt, teacher_forcing):
        h = self.encoder(src)
        token = torch.full((src.size(0),), SOS)
        logits = []
        for t in range(tgt.size(1)):
            step, h = self.decoder(token, h)
            logits.append(step)
            token = tgt[:, t] if random.random() < teacher_forcing else step.argmax(dim=1)
        return torch.stack(logits, dim=1)

    @torch.no_grad()
    def greedy(self, src, max_len):
        h = self.encoder(src)
        token = torch.full((src.size(0),), SOS)
        out = []
        for _ in range(max_len):
            step, h = self.decoder(token, h)
            token = step.argmax(dim=1)
            out.append(token)
        return torch.stack(out, dim=1)


model = Seq2Seq()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
ce = nn.CrossEntropyLoss()
train_gen = torch.Generator().manual_seed(1)

model.train()
window = []
for it in range(1, 301):
    src, tgt = make_batch(80, train_gen, "train")
    opt.zero_grad()
    logits = model(src, tgt, TEACHER_FORCING)
    loss = ce(logits.reshape(-1, VOCAB), tgt.reshape(-1))
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    window.append(loss.item())
    if it % 100 == 0:
        print(f"iter {it}  loss {sum(window) / len(window):.3f}")
        window.clear()

model.eval()
test_gen = torch.Generator().manual_seed(999)
right = total = 0
for _ in range(10):
    src, tgt = make_batch(250, test_gen, "test")
    guess = model.greedy(src, tgt.size(1))
    right += (guess == tgt).all(dim=1).sum().item()
    total += src.size(0)
print(f"exact match on held-out strings: {right}/{total}")

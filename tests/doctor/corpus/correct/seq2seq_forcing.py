"""GRU encoder-decoder that reverses digit strings. Scheduled teacher forcing, masked attention, token-mean loss."""
import argparse
import random

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

PAD, BOS, EOS, FIRST = 0, 1, 2, 3
VOCAB = FIRST + 6


def make_pairs(n, rng, known=()):
    seen, out = set(known), []
    while len(out) < n:
        s = tuple(rng.randrange(FIRST, VOCAB) for _ in range(rng.randint(3, 6)))
        if s not in seen:                       # no string occurs in two splits
            seen.add(s)
            out.append(s)
    return out


def batchify(strings, size, rng=None):
    strings = list(strings)
    if rng is not None:
        rng.shuffle(strings)
    for i in range(0, len(strings), size):
        part = strings[i:i + size]
        src = pad_sequence([torch.tensor(s) for s in part], batch_first=True, padding_value=PAD)
        full = pad_sequence([torch.tensor([BOS, *reversed(s), EOS]) for s in part], batch_first=True, padding_value=PAD)
        yield src, full[:, :-1], full[:, 1:]    # source, decoder input, decoder target (shifted by one)


class Seq2Seq(nn.Module):
    def __init__(self, d=48):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, d, padding_idx=PAD)
        self.enc = nn.GRU(d, d, batch_first=True)
        self.cell = nn.GRUCell(2 * d, d)
        self.query = nn.Linear(d, d, bias=False)
        self.out = nn.Linear(2 * d, VOCAB)

    def encode(self, src):
        memory, _ = self.enc(self.emb(src))
        last = (src != PAD).sum(1) - 1          # the state at the last true token, not at the padding
        return memory, memory[torch.arange(len(src)), last]

    def step(self, token, h, memory, blocked):
        score = torch.einsum("bd,btd->bt", self.query(h), memory).masked_fill(blocked, float("-inf"))
        context = torch.einsum("bt,btd->bd", score.softmax(1), memory)
        h = self.cell(torch.cat([self.emb(token), context], 1), h)
        return self.out(torch.cat([h, context], 1)), h

    def forward(self, src, dec_in, forcing, rng):
        memory, h = self.encode(src)
        blocked = src == PAD
        token, outs = dec_in[:, 0], []
        for t in range(dec_in.size(1)):
            scores, h = self.step(token, h, memory, blocked)
            outs.append(scores)
            if t + 1 < dec_in.size(1):
                token = dec_in[:, t + 1] if rng.random() < forcing else scores.detach().argmax(1)
        return torch.stack(outs, dim=1)

    @torch.no_grad()
    def greedy(self, src, limit=10):
        memory, h = self.encode(src)
        token, done, outs = torch.full((len(src),), BOS), torch.zeros(len(src), dtype=torch.bool), []
        for _ in range(limit):
            scores, h = self.step(token, h, memory, src == PAD)
            token = scores.argmax(1).masked_fill(done, PAD)
            outs.append(token)
            done = done | (token == EOS)
            if done.all():
                break
        return torch.stack(outs, 1)


def exact_match(model, strings):
    model.eval()
    hits = 0
    for src, _, target in batchify(strings, 100):
        guess = model.greedy(src)
        for g, t in zip(guess.tolist(), target.tolist()):
            hits += [k for k in g if k != PAD] == [k for k in t if k != PAD]
    return hits / len(strings)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=6)
    args = ap.parse_args()
    torch.manual_seed(0)
    rng = random.Random(0)
    train = make_pairs(1000, rng)
    test = make_pairs(200, rng, known=train)
    model = Seq2Seq()
    opt = torch.optim.Adam(model.parameters(), lr=8e-3)
    loss_fn = nn.CrossEntropyLoss(ignore_index=PAD, reduction="sum")
    for epoch in range(args.epochs):
        model.train()
        forcing = 1.0 - 0.5 * epoch / max(args.epochs - 1, 1)      # 1.0 -> 0.5
        total, tokens = 0.0, 0
        for src, dec_in, target in batchify(train, 40, rng):
            scores = model(src, dec_in, forcing, rng)
            n = (target != PAD).sum().item()
            loss = loss_fn(scores.reshape(-1, VOCAB), target.reshape(-1))
            opt.zero_grad()
            (loss / n).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            total, tokens = total + loss.item(), tokens + n
        print(f"epoch {epoch}: forcing {forcing:.2f} loss per token {total / tokens:.4f}")
    print("exact match on unseen strings:", exact_match(model, test))


if __name__ == "__main__":
    main()

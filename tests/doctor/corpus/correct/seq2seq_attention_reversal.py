import random

import torch
import torch.nn as nn

PAD, BOS, EOS = 0, 1, 2
FIRST = 3


def make_pairs(n, rng):
    """Reverse a list of digits."""
    rows = []
    for _ in range(n):
        k = rng.randint(2, 6)
        src = [rng.randint(FIRST, FIRST + 9) for _ in range(k)]
        rows.append((src + [EOS], [BOS] + src[::-1] + [EOS]))
    return rows


def pad(seqs):
    width = max(map(len, seqs))
    return torch.tensor([s + [PAD] * (width - len(s)) for s in seqs])


class Encoder(nn.Module):
    def __init__(self, vocab, d):
        super().__init__()
        self.emb = nn.Embedding(vocab, d, padding_idx=PAD)
        self.rnn = nn.GRU(d, d, batch_first=True)

    def forward(self, src):
        lengths = (src != PAD).sum(1)
        out, _ = self.rnn(self.emb(src))
        last = out[torch.arange(len(src)), lengths - 1]
        return out, last


class Decoder(nn.Module):
    def __init__(self, vocab, d):
        super().__init__()
        self.emb = nn.Embedding(vocab, d, padding_idx=PAD)
        self.cell = nn.GRUCell(2 * d, d)
        self.out = nn.Linear(2 * d, vocab)

    def forward(self, token, h, memory, memory_mask):
        scores = torch.einsum("bd,btd->bt", h, memory).masked_fill(~memory_mask, float("-inf"))
        ctx = torch.einsum("bt,btd->bd", scores.softmax(-1), memory)
        h = self.cell(torch.cat([self.emb(token), ctx], -1), h)
        return self.out(torch.cat([h, ctx], -1)), h


class Seq2Seq(nn.Module):
    def __init__(self, vocab=FIRST + 10, d=48):
        super().__init__()
        self.enc, self.dec = Encoder(vocab, d), Decoder(vocab, d)

    def forward(self, src, tgt, teacher_ratio):
        memory, h = self.enc(src)
        mask = src != PAD
        token = tgt[:, 0]
        logits = []
        for t in range(1, tgt.size(1)):
            step_logits, h = self.dec(token, h, memory, mask)
            logits.append(step_logits)
            token = tgt[:, t] if random.random() < teacher_ratio else step_logits.argmax(-1)
        return torch.stack(logits, dim=1)

    @torch.no_grad()
    def greedy(self, src, limit=9):
        memory, h = self.enc(src)
        mask = src != PAD
        token = torch.full((len(src),), BOS)
        done = torch.zeros(len(src), dtype=torch.bool)
        out = []
        for _ in range(limit):
            logits, h = self.dec(token, h, memory, mask)
            token = logits.argmax(-1).masked_fill(done, PAD)
            out.append(token)
            done |= token == EOS
            if done.all():
                break
        return torch.stack(out, 1)


def main():
    random.seed(0)
    torch.manual_seed(0)
    rng = random.Random(10)
    train, test = make_pairs(600, rng), make_pairs(50, rng)
    model = Seq2Seq()
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    crit = nn.CrossEntropyLoss(ignore_index=PAD)
    for epoch in range(4):
        ratio = max(0.5, 1.0 - 0.1 * epoch)
        model.train()
        random.shuffle(train)
        for i in range(0, len(train), 50):
            src, tgt = map(pad, zip(*train[i:i + 50]))
            logits = model(src, tgt, ratio)
            loss = crit(logits.flatten(0, 1), tgt[:, 1:].flatten())
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
        model.eval()
        src, tgt = map(pad, zip(*test))
        guess = model.greedy(src)
        exact = sum(
            [t for t in g.tolist() if t not in (PAD, EOS)] == [t for t in r.tolist() if t not in (PAD, BOS, EOS)]
            for g, r in zip(guess, tgt)
        )
        print(f"epoch {epoch} loss {loss.item():.3f} exact {exact}/{len(test)}")


if __name__ == "__main__":
    main()

"""Seq2seq with Luong attention: teacher forcing by coin per batch, shifted targets, ignored padding, beam search with length penalty."""
import random

import torch
import torch.nn as nn
import torch.nn.functional as F

PAD, BOS, EOS, BASE, LETTERS = 0, 1, 2, 3, 8


def corpus(n, rng):
    """Source: letters; target: the same letters sorted."""
    src = [[rng.randrange(LETTERS) + BASE for _ in range(rng.randint(3, 6))] for _ in range(n)]
    return [(s, sorted(s)) for s in src]


def pad(seqs):
    width = max(map(len, seqs))
    return torch.tensor([s + [PAD] * (width - len(s)) for s in seqs])


def batches(pairs, size, rng=None):
    order = list(range(len(pairs)))
    if rng:
        rng.shuffle(order)
    for i in range(0, len(order), size):
        src, tgt = zip(*(pairs[j] for j in order[i:i + size]))
        yield pad(list(src)), pad([[BOS] + t for t in tgt]), pad([t + [EOS] for t in tgt])


class Seq2Seq(nn.Module):
    def __init__(self, vocab=BASE + LETTERS, d=48):
        super().__init__()
        self.emb = nn.Embedding(vocab, d, padding_idx=PAD)
        self.enc = nn.GRU(d, d, batch_first=True)
        self.cell = nn.GRUCell(d, d)
        self.mix = nn.Linear(2 * d, d)
        self.out = nn.Linear(d, vocab)

    def encode(self, src):
        lengths = (src != PAD).sum(1)
        packed = nn.utils.rnn.pack_padded_sequence(self.emb(src), lengths, batch_first=True, enforce_sorted=False)
        mem, h = self.enc(packed)
        mem, _ = nn.utils.rnn.pad_packed_sequence(mem, batch_first=True)
        return mem, src != PAD, h[0]

    def step(self, tok, h, mem, mask):
        h = self.cell(self.emb(tok), h)
        score = torch.einsum("bd,btd->bt", h, mem).masked_fill(~mask, float("-inf"))
        ctx = torch.einsum("bt,btd->bd", score.softmax(1), mem)
        return self.out(torch.tanh(self.mix(torch.cat([h, ctx], 1)))), h

    def forward(self, src, dec_in, forced=True):
        mem, mask, h = self.encode(src)
        tok, logits = dec_in[:, 0], []
        for t in range(dec_in.size(1)):
            out, h = self.step(tok, h, mem, mask)
            logits.append(out)
            if t + 1 < dec_in.size(1):
                tok = dec_in[:, t + 1] if forced else out.argmax(1).detach()
        return torch.stack(logits, 1)

    @torch.no_grad()
    def beam(self, src, width=3, limit=8, alpha=0.6):
        mem, mask, h = self.encode(src[None])
        live, done = [([BOS], 0.0, h)], []
        for _ in range(limit):
            toks = torch.tensor([b[0][-1] for b in live])
            hs = torch.cat([b[2] for b in live])
            k = len(live)
            logits, hs = self.step(toks, hs, mem.expand(k, -1, -1), mask.expand(k, -1))
            logp = logits.log_softmax(1) + torch.tensor([b[1] for b in live])[:, None]
            top, flat = logp.flatten().topk(width)
            nxt = []
            for s, f in zip(top.tolist(), flat.tolist()):
                b, tok = divmod(f, logp.size(1))
                seq = live[b][0] + [tok]
                if tok == EOS:
                    done.append((seq[1:-1], s / len(seq) ** alpha))
                else:
                    nxt.append((seq, s, hs[b:b + 1]))
            live = nxt
            if not live:
                break
        done += [(s[1:], v / len(s) ** alpha) for s, v, _ in live]
        return max(done, key=lambda d: d[1])[0]


def loss_fn(logits, target):
    return F.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=PAD)


def evaluate(model, pairs):
    model.eval()
    nll = tokens = 0
    with torch.no_grad():
        for src, di, tgt in batches(pairs, 100):
            n = (tgt != PAD).sum().item()
            nll, tokens = nll + loss_fn(model(src, di), tgt).item() * n, tokens + n
    exact = sum(model.beam(torch.tensor(s)) == t for s, t in pairs[:40]) / 40
    model.train()
    return nll / tokens, exact


def main(epochs=7):
    rng = random.Random(0)
    torch.manual_seed(0)
    pairs = list({tuple(s): (s, t) for s, t in corpus(1400, rng)}.values())  # no source occurs twice
    train, val = pairs[:-150], pairs[-150:]
    model = Seq2Seq()
    opt = torch.optim.Adam(model.parameters(), lr=6e-3)
    for epoch in range(epochs):
        for src, di, tgt in batches(train, 50, rng):
            loss = loss_fn(model(src, di, forced=rng.random() < 0.9), tgt)
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
        if epoch % 2 == 0:
            print("epoch %d val nll/token %.3f beam exact %.2f" % (epoch, *evaluate(model, val)))


if __name__ == "__main__":
    main()

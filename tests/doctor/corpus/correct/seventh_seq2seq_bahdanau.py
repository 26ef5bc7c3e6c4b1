"""Encoder-decoder GRU with additive attention; the task: write a word's letters backwards, vowels in capitals."""
import random
import string

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

PAD, SOS, EOS = 0, 1, 2
ITOS = ["<pad>", "<sos>", "<eos>"] + list("abcdefgh") + list("AE")
STOI = {c: i for i, c in enumerate(ITOS)}
MAX_LEN = 9
device = torch.device("cpu")


def make_pairs(n, rng):
    words = set()
    while len(words) < n:
        words.add("".join(rng.choice(string.ascii_lowercase[:8]) for _ in range(rng.randint(2, 7))))
    words = sorted(words)
    rng.shuffle(words)
    return [(w, w[::-1].replace("a", "A").replace("e", "E")) for w in words]


def encode(s):
    return torch.tensor([STOI[c] for c in s] + [EOS])


def batches(pairs, bs, rng=None):
    order = list(range(len(pairs)))
    if rng is not None:
        rng.shuffle(order)
    for i in range(0, len(order), bs):
        chunk = sorted((pairs[j] for j in order[i:i + bs]), key=lambda p: -len(p[0]))
        src, tgt = ([encode(p[k]) for p in chunk] for k in (0, 1))
        yield (pad_sequence(src, batch_first=True, padding_value=PAD), torch.tensor([len(s) for s in src]),
               pad_sequence(tgt, batch_first=True, padding_value=PAD), chunk)


class Encoder(nn.Module):
    def __init__(self, vocab, emb, hid):
        super().__init__()
        self.emb = nn.Embedding(vocab, emb, padding_idx=PAD)
        self.rnn = nn.GRU(emb, hid, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(2 * hid, hid)

    def forward(self, src, lens):
        packed = pack_padded_sequence(self.emb(src), lens, batch_first=True)
        out, h = self.rnn(packed)
        out, _ = pad_packed_sequence(out, batch_first=True)
        return out, torch.tanh(self.bridge(torch.cat([h[-2], h[-1]], 1)))


class BahdanauAttention(nn.Module):
    def __init__(self, hid):
        super().__init__()
        self.Wa, self.Ua, self.Va = nn.Linear(hid, hid), nn.Linear(2 * hid, hid), nn.Linear(hid, 1)

    def forward(self, query, keys, mask):
        e = self.Va(torch.tanh(self.Wa(query).unsqueeze(1) + self.Ua(keys))).squeeze(-1)
        w = F.softmax(e.masked_fill(~mask, float("-inf")), dim=-1)
        return torch.bmm(w.unsqueeze(1), keys).squeeze(1), w


class Decoder(nn.Module):
    def __init__(self, vocab, emb, hid):
        super().__init__()
        self.emb = nn.Embedding(vocab, emb, padding_idx=PAD)
        self.attn = BahdanauAttention(hid)
        self.cell = nn.GRUCell(emb + 2 * hid, hid)
        self.drop = nn.Dropout(0.1)
        self.out = nn.Linear(3 * hid, vocab)

    def step(self, tok, h, keys, mask):
        ctx, w = self.attn(h, keys, mask)
        h = self.cell(torch.cat([self.drop(self.emb(tok)), ctx], 1), h)
        return self.out(torch.cat([h, ctx], 1)), h, w

    def forward(self, keys, h, mask, target=None, ratio=1.0):
        tok = torch.full((keys.size(0),), SOS, device=device)
        logits, steps = [], MAX_LEN if target is None else target.size(1)
        for t in range(steps):
            o, h, _ = self.step(tok, h, keys, mask)
            logits.append(o)
            guess = o.detach().argmax(-1)
            if target is None:
                tok = guess
            else:
                gold = torch.rand(len(tok)) < ratio
                tok = torch.where(gold, target[:, t], guess)
        return torch.stack(logits, 1)


def evaluate(enc, dec, pairs):
    enc.eval(), dec.eval()
    nll = toks = exact = 0
    with torch.no_grad():
        for src, lens, tgt, chunk in batches(pairs, 64):
            keys, h = enc(src, lens)
            forced = dec(keys, h, src != PAD, tgt)
            nll += F.cross_entropy(forced.transpose(1, 2), tgt, ignore_index=PAD, reduction="sum").item()
            toks += (tgt != PAD).sum().item()
            for ids, (_, gold) in zip(dec(keys, h, src != PAD).argmax(-1).tolist(), chunk):
                ids = ids[:ids.index(EOS)] if EOS in ids else ids
                exact += "".join(ITOS[i] for i in ids) == gold
    enc.train(), dec.train()
    return nll / toks, exact / len(pairs)


def main():
    rng = random.Random(0)
    torch.manual_seed(0)
    pairs = make_pairs(1500, rng)
    train, val, test = pairs[:1200], pairs[1200:1350], pairs[1350:]
    enc, dec = Encoder(len(ITOS), 16, 32).to(device), Decoder(len(ITOS), 16, 32).to(device)
    enc_opt, dec_opt = (torch.optim.Adam(m.parameters(), lr=1e-2) for m in (enc, dec))
    epochs, best, keep = 5, float("inf"), None
    for ep in range(epochs):
        ratio = 1.0 - 0.3 * ep / (epochs - 1)
        total = toks = 0
        for src, lens, tgt, _ in batches(train, 64, rng):
            enc_opt.zero_grad()
            dec_opt.zero_grad()
            keys, h = enc(src, lens)
            logits = dec(keys, h, src != PAD, tgt, ratio)
            loss = F.cross_entropy(logits.flatten(0, 1), tgt.flatten(), ignore_index=PAD)
            loss.backward()
            for m, o in ((enc, enc_opt), (dec, dec_opt)):
                nn.utils.clip_grad_norm_(m.parameters(), 1.0)
                o.step()
            n = (tgt != PAD).sum().item()
            total, toks = total + loss.item() * n, toks + n
        v, acc = evaluate(enc, dec, val)
        print(f"epoch {ep} ratio {ratio:.2f} train {total / toks:.3f} val {v:.3f} exact {acc:.3f}")
        if v < best:
            best = v
            keep = [{k: p.clone() for k, p in m.state_dict().items()} for m in (enc, dec)]
    for m, s in zip((enc, dec), keep):
        m.load_state_dict(s)
    print("test nll per token %.3f, exact match %.3f" % evaluate(enc, dec, test))


if __name__ == "__main__":
    main()

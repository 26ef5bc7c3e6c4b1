"""Seq2seq with dot-product attention that reverses digit strings; greedy decoding for evaluation."""
import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, random_split

PAD, BOS, EOS, OFFSET = 0, 1, 2, 3
VOCAB = OFFSET + 6


def make_pairs(n, seed):
    g = torch.Generator().manual_seed(seed)
    seen, pairs = set(), []
    while len(pairs) < n:
        size = int(torch.randint(3, 7, (1,), generator=g))
        seq = torch.randint(OFFSET, VOCAB, (size,), generator=g)
        if tuple(seq.tolist()) in seen:
            continue
        seen.add(tuple(seq.tolist()))
        pairs.append((seq, torch.cat([torch.tensor([BOS]), seq.flip(0), torch.tensor([EOS])])))
    return pairs


def collate(batch):
    src, tgt = zip(*batch)
    return pad_sequence(src, batch_first=True, padding_value=PAD), pad_sequence(tgt, batch_first=True, padding_value=PAD)


class Seq2Seq(nn.Module):
    def __init__(self, dim=48):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, dim, padding_idx=PAD)
        self.enc = nn.GRU(dim, dim, batch_first=True)
        self.dec = nn.GRU(dim, dim, batch_first=True)
        self.out = nn.Linear(2 * dim, VOCAB)

    def encode(self, src):
        lengths = (src != PAD).sum(1)
        packed = nn.utils.rnn.pack_padded_sequence(self.emb(src), lengths, batch_first=True, enforce_sorted=False)
        memory, h = self.enc(packed)
        memory, _ = nn.utils.rnn.pad_packed_sequence(memory, batch_first=True, total_length=src.size(1))
        return memory, h

    def decode(self, tokens, memory, h, src):
        q, h = self.dec(self.emb(tokens), h)
        scores = q @ memory.transpose(1, 2) / memory.size(-1) ** 0.5
        scores = scores.masked_fill((src == PAD).unsqueeze(1), float("-inf"))
        ctx = scores.softmax(-1) @ memory
        return self.out(torch.cat([q, ctx], -1)), h

    def forward(self, src, tgt_in):
        memory, h = self.encode(src)
        return self.decode(tgt_in, memory, h, src)[0]

    @torch.no_grad()
    def greedy(self, src, max_len=8):
        memory, h = self.encode(src)
        tok = torch.full((src.size(0), 1), BOS)
        done = torch.zeros(src.size(0), dtype=torch.bool)
        outs = []
        for _ in range(max_len):
            logits, h = self.decode(tok, memory, h, src)
            nxt = logits[:, -1].argmax(-1).masked_fill(done, PAD)
            outs.append(nxt)
            done |= nxt == EOS
            if done.all():
                break
            tok = nxt.unsqueeze(1)
        return torch.stack(outs, 1)


def exact_match(model, loader):
    model.eval()
    hits = n = 0
    for src, tgt in loader:
        gold, pred = tgt[:, 1:], model.greedy(src)
        width = max(gold.size(1), pred.size(1))
        gold, pred = (F.pad(t, (0, width - t.size(1)), value=PAD) for t in (gold, pred))
        hits += (gold == pred).all(1).sum().item()
        n += len(src)
    return hits / n


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--epochs", type=int, default=9)
    ap.add_argument("--lr", type=float, default=1e-2)
    ap.add_argument("--seed", type=int, default=0)
    args = ap.parse_args()
    torch.manual_seed(args.seed)
    train, val, test = random_split(make_pairs(1400, args.seed), [1000, 200, 200], torch.Generator().manual_seed(args.seed))
    train_dl = DataLoader(train, 50, shuffle=True, collate_fn=collate)
    val_dl, test_dl = DataLoader(val, 100, collate_fn=collate), DataLoader(test, 100, collate_fn=collate)
    model = Seq2Seq()
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)
    criterion = nn.CrossEntropyLoss(ignore_index=PAD)
    for epoch in range(args.epochs):
        model.train()
        for src, tgt in train_dl:
            logits = model(src, tgt[:, :-1])
            loss = criterion(logits.flatten(0, 1), tgt[:, 1:].flatten())
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
        print(f"epoch {epoch + 1}: last batch loss {loss.item():.3f} val exact match {exact_match(model, val_dl):.3f}")
    print(f"test exact match {exact_match(model, test_dl):.3f}")


if __name__ == "__main__":
    main()

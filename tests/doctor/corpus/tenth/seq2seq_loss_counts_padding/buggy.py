# seq2seq GRU that reverses digit strings of different length
import random

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

PAD, BOS, EOS = 0, 1, 2
VOCAB = 13  # three specials + ten digits


def make_pairs(n, rng):
    pairs = []
    for _ in range(n):
        length = 12 if rng.random() < 0.1 else rng.randint(2, 4)
        digits = [rng.randint(3, 12) for _ in range(length)]
        pairs.append((digits, digits[::-1]))
    return pairs


def collate(pairs):
    src = [torch.tensor(s) for s, _ in pairs]
    tgt = [torch.tensor([BOS] + t + [EOS]) for _, t in pairs]
    lengths = torch.tensor([len(s) for s in src])
    return pad_sequence(src, batch_first=True, padding_value=PAD), lengths, pad_sequence(tgt, batch_first=True, padding_value=PAD)


class Seq2Seq(nn.Module):
    def __init__(self, dim=48):
        super().__init__()
        self.src_emb = nn.Embedding(VOCAB, dim, padding_idx=PAD)
        self.tgt_emb = nn.Embedding(VOCAB, dim, padding_idx=PAD)
        self.encoder = nn.GRU(dim, dim, batch_first=True)
        self.decoder = nn.GRU(dim, dim, batch_first=True)
        self.out = nn.Linear(dim, VOCAB)

    def forward(self, src, lengths, tgt_in):
        packed = pack_padded_sequence(self.src_emb(src), lengths, batch_first=True, enforce_sorted=False)
        _, state = self.encoder(packed)
        h, _ = self.decoder(self.tgt_emb(tgt_in), state)
        return self.out(h)


criterion = nn.CrossEntropyLoss()


def token_accuracy(model, batch):
    src, lengths, tgt = batch
    model.eval()
    with torch.no_grad():
        pred = model(src, lengths, tgt[:, :-1]).argmax(-1)
    real = tgt[:, 1:] != PAD
    return ((pred == tgt[:, 1:]) & real).sum().item() / real.sum().item()


def main():
    torch.manual_seed(0)
    rng = random.Random(0)
    train, val = make_pairs(1000, rng), collate(make_pairs(200, rng))
    model = Seq2Seq()
    opt = torch.optim.Adam(model.parameters(), lr=4e-3)
    for epoch in range(1, 6):
        model.train()
        rng.shuffle(train)
        running = 0.0
        for i in range(0, len(train), 40):
            src, lengths, tgt = collate(train[i:i + 40])
            logits = model(src, lengths, tgt[:, :-1])
            loss = criterion(logits.reshape(-1, VOCAB), tgt[:, 1:].reshape(-1))
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            running += loss.item()
        print(f"epoch {epoch} | loss {running / 25:.3f} | val token acc {token_accuracy(model, val):.3f}")


main()

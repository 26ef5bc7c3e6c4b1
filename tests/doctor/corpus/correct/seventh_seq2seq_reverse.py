"""Sequence to sequence: reverse a string of digits (GRU encoder/decoder, teacher forcing)."""
import copy
import random

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader

PAD, BOS, EOS = 0, 1, 2
OFFSET = 3          # digit d is token d + OFFSET
VOCAB = 10 + OFFSET
MAX_LEN = 6


def make_pairs(n, rng, exclude=()):
    seen = set(exclude)
    pairs = []
    while len(pairs) < n:
        digits = tuple(rng.randrange(10) for _ in range(rng.randint(3, MAX_LEN)))
        if digits in seen:
            continue
        seen.add(digits)
        pairs.append(digits)
    return pairs


def collate(batch):
    src = [torch.tensor([d + OFFSET for d in seq]) for seq in batch]
    tgt = [torch.tensor([BOS] + [d + OFFSET for d in reversed(seq)] + [EOS]) for seq in batch]
    lengths = torch.tensor([len(s) for s in src])
    return (
        pad_sequence(src, batch_first=True, padding_value=PAD),
        lengths,
        pad_sequence(tgt, batch_first=True, padding_value=PAD),
    )


class Encoder(nn.Module):
    def __init__(self, emb, hidden):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, emb, padding_idx=PAD)
        self.rnn = nn.GRU(emb, hidden, batch_first=True)

    def forward(self, src, lengths):
        packed = pack_padded_sequence(self.emb(src), lengths, batch_first=True, enforce_sorted=False)
        _, h = self.rnn(packed)
        return h


class Decoder(nn.Module):
    def __init__(self, emb, hidden):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, emb, padding_idx=PAD)
        self.rnn = nn.GRU(emb, hidden, batch_first=True)
        self.out = nn.Linear(hidden, VOCAB)

    def forward(self, tokens, h):
        y, h = self.rnn(self.emb(tokens), h)
        return self.out(y), h


class Seq2Seq(nn.Module):
    def __init__(self, emb=32, hidden=96):
        super().__init__()
        self.encoder = Encoder(emb, hidden)
        self.decoder = Decoder(emb, hidden)

    def forward(self, src, lengths, tgt_in):
        logits, _ = self.decoder(tgt_in, self.encoder(src, lengths))
        return logits

    @torch.no_grad()
    def greedy(self, src, lengths, max_steps=MAX_LEN + 1):
        h = self.encoder(src, lengths)
        token = torch.full((src.size(0), 1), BOS)
        result = []
        for _ in range(max_steps):
            logits, h = self.decoder(token, h)
            token = logits.argmax(-1)
            result.append(token)
        return torch.cat(result, dim=1)


def exact_match(model, loader):
    """Share of sequences decoded without any error, own predictions fed back."""
    model.eval()
    hit = n = 0
    for src, lengths, tgt in loader:
        out = model.greedy(src, lengths)
        for row, length, gold in zip(out, lengths.tolist(), tgt):
            want = gold[1 : length + 2]                  # reversed digits and EOS
            hit += int(torch.equal(row[: length + 1], want))
            n += 1
    return hit / n


def main():
    rng = random.Random(0)
    torch.manual_seed(0)
    train = make_pairs(3000, rng)
    val = make_pairs(300, rng, exclude=train)
    test = make_pairs(300, rng, exclude=train + val)
    train_loader = DataLoader(train, batch_size=64, shuffle=True, collate_fn=collate)
    val_loader = DataLoader(val, batch_size=100, collate_fn=collate)
    test_loader = DataLoader(test, batch_size=100, collate_fn=collate)

    model = Seq2Seq()
    criterion = nn.CrossEntropyLoss(ignore_index=PAD)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    epochs = 7
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs * len(train_loader))

    best, best_state = -1.0, None
    for epoch in range(epochs):
        model.train()
        loss_sum, n_tok = 0.0, 0
        for src, lengths, tgt in train_loader:
            logits = model(src, lengths, tgt[:, :-1])
            gold = tgt[:, 1:]
            loss = criterion(logits.transpose(1, 2), gold)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            scheduler.step()
            k = (gold != PAD).sum().item()
            loss_sum += loss.item() * k
            n_tok += k
        em = exact_match(model, val_loader)
        print(f"epoch {epoch + 1}: train loss per token {loss_sum / n_tok:.3f}  val exact match {em:.3f}")
        if em > best:
            best, best_state = em, copy.deepcopy(model.state_dict())

    model.load_state_dict(best_state)
    print(f"test exact match {exact_match(model, test_loader):.3f}")


if __name__ == "__main__":
    main()

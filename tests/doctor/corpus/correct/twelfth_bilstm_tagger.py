"""BiLSTM tagger: mark each symbol as inside or outside brackets, variable lengths."""
import argparse

import numpy as np
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader

PAD_TOKEN, PAD_TAG = 0, -100
OPEN, CLOSE = 1, 2
VOCAB = 12


def generate(rng, count):
    data = []
    for _ in range(count):
        n = int(rng.integers(8, 24))
        tokens = rng.integers(3, VOCAB, n)
        i, j = np.sort(rng.choice(n, 2, replace=False))
        tokens[i], tokens[j] = OPEN, CLOSE
        tags = np.zeros(n, dtype=np.int64)
        tags[i:j + 1] = 1
        data.append((torch.from_numpy(tokens), torch.from_numpy(tags)))
    return data


def collate(batch):
    tokens, tags = zip(*batch)
    lengths = torch.tensor([len(t) for t in tokens])
    return (pad_sequence(tokens, batch_first=True, padding_value=PAD_TOKEN),
            pad_sequence(tags, batch_first=True, padding_value=PAD_TAG), lengths)


class Tagger(nn.Module):
    def __init__(self, emb, hidden):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, emb, padding_idx=PAD_TOKEN)
        self.lstm = nn.LSTM(emb, hidden, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * hidden, 2)

    def forward(self, tokens, lengths):
        packed = pack_padded_sequence(self.emb(tokens), lengths, batch_first=True, enforce_sorted=False)
        h, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return self.out(h)


def run_epoch(model, loader, loss_fn, optimizer=None):
    training = optimizer is not None
    model.train(training)
    loss_sum, correct, n_tokens = 0.0, 0, 0
    with torch.set_grad_enabled(training):
        for tokens, tags, lengths in loader:
            logits = model(tokens, lengths)
            loss = loss_fn(logits.flatten(0, 1), tags.flatten())
            if training:
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 5.0)
                optimizer.step()
            mask = tags != PAD_TAG
            k = mask.sum().item()
            loss_sum += loss.item() * k
            correct += (logits.argmax(-1)[mask] == tags[mask]).sum().item()
            n_tokens += k
    return loss_sum / n_tokens, correct / n_tokens


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--hidden", type=int, default=24)
    parser.add_argument("--lr", type=float, default=1e-2)
    parser.add_argument("--seed", type=int, default=5)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    train = DataLoader(generate(rng, 400), batch_size=25, shuffle=True, collate_fn=collate)
    dev = DataLoader(generate(rng, 100), batch_size=50, collate_fn=collate)

    model = Tagger(16, args.hidden)
    loss_fn = nn.CrossEntropyLoss(ignore_index=PAD_TAG)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    for epoch in range(args.epochs):
        tl, ta = run_epoch(model, train, loss_fn, optimizer)
        dl, da = run_epoch(model, dev, loss_fn)
        print(f"{epoch}: train {tl:.3f}/{ta:.3f}  dev {dl:.3f}/{da:.3f}")


if __name__ == "__main__":
    main()

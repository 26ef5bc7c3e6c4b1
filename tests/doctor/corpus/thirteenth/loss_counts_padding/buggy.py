import argparse
import random

import torch
import torch.nn as nn

PAD = 0
TAGS = ["<pad>", "DET", "NOUN", "VERB", "ADJ"]


def make_sentence(rng):
    """Toy grammar, the tag of an ambiguous word (ids 40-49) depends on the word before it."""
    words, tags = [], []
    for _ in range(rng.randint(1, 6)):
        words.append(rng.randint(1, 9)); tags.append(1)
        if rng.random() < 0.5:
            words.append(rng.randint(10, 19)); tags.append(4)
        words.append(rng.choice([rng.randint(20, 29), rng.randint(40, 49)])); tags.append(2)
        words.append(rng.choice([rng.randint(30, 39), rng.randint(40, 49)])); tags.append(3)
    return words, tags


def to_batch(sentences, max_len=32):
    words = torch.full((len(sentences), max_len), PAD)
    tags = torch.full((len(sentences), max_len), PAD)
    for i, (w, t) in enumerate(sentences):
        words[i, :len(w)] = torch.tensor(w)
        tags[i, :len(t)] = torch.tensor(t)
    return words, tags


class Tagger(nn.Module):
    def __init__(self, vocab=50, dim=24, hidden=24):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim, padding_idx=PAD)
        self.lstm = nn.LSTM(dim, hidden, batch_first=True)
        self.out = nn.Linear(hidden, len(TAGS))

    def forward(self, words):
        h, _ = self.lstm(self.emb(words))
        return self.out(h)


def main(args):
    rng = random.Random(args.seed)
    torch.manual_seed(args.seed)
    train_w, train_t = to_batch([make_sentence(rng) for _ in range(400)])
    dev_w, dev_t = to_batch([make_sentence(rng) for _ in range(100)])
    model = Tagger()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)

    for epoch in range(args.epochs):
        model.train()
        for idx in torch.randperm(len(train_w)).split(20):
            optimizer.zero_grad()
            scores = model(train_w[idx])
            loss = criterion(scores.reshape(-1, len(TAGS)), train_t[idx].reshape(-1))
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            scores = model(dev_w)
            dev_loss = criterion(scores.reshape(-1, len(TAGS)), dev_t.reshape(-1)).item()
        real = dev_t != PAD
        acc = (scores.argmax(-1)[real] == dev_t[real]).float().mean().item()
        print(f"epoch {epoch + 1}: dev loss {dev_loss:.4f}, tag accuracy {acc:.3f}")


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=4)
    p.add_argument("--lr", type=float, default=5e-3)
    p.add_argument("--seed", type=int, default=17)
    main(p.parse_args([]))

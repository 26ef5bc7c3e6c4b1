"""Multi-label tagging of bags of words: EmbeddingBag, pos_weight from the training split, threshold tuned on validation."""
import argparse
import random

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader

VOCAB, TAGS = 300, 8


def corpus(n, rng):
    base = rng.dirichlet(np.full(VOCAB, 0.5))
    themes = np.stack([rng.dirichlet(np.full(VOCAB, 0.03)) for _ in range(TAGS)])
    freq = np.linspace(0.35, 0.06, TAGS)
    docs = []
    for _ in range(n):
        y = (rng.random(TAGS) < freq).astype(np.float32)
        mix = 0.5 * base + 0.5 * (themes[y > 0].mean(0) if y.any() else base)
        words = rng.choice(VOCAB, size=int(rng.integers(15, 40)), p=mix / mix.sum())
        docs.append((torch.from_numpy(words), torch.from_numpy(y)))
    return docs


def collate(batch):
    words, ys = zip(*batch)
    lens = torch.tensor([0] + [len(w) for w in words[:-1]])
    return torch.cat(words), lens.cumsum(0), torch.stack(ys)


class Tagger(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.emb = nn.EmbeddingBag(VOCAB, dim, mode="mean")
        self.fc = nn.Sequential(nn.LayerNorm(dim), nn.Dropout(0.1), nn.Linear(dim, TAGS))

    def forward(self, words, offsets):
        return self.fc(self.emb(words, offsets))


@torch.no_grad()
def scores(model, dl):
    model.eval()
    pairs = [(model(w, o).sigmoid(), y) for w, o, y in dl]
    return torch.cat([p for p, _ in pairs]), torch.cat([y for _, y in pairs])


def macro_f1(prob, y, thr):
    pred = (prob > thr).float()
    tp, fp, fn = (pred * y).sum(0), (pred * (1 - y)).sum(0), ((1 - pred) * y).sum(0)
    return (2 * tp / (2 * tp + fp + fn).clamp(min=1)).mean().item()


def best_thresholds(prob, y):
    grid = torch.linspace(0.1, 0.9, 17)
    out = []
    for k in range(TAGS):
        f1 = [macro_f1(prob[:, k:k + 1], y[:, k:k + 1], t) for t in grid]
        out.append(grid[int(np.argmax(f1))])
    return torch.stack(out)


def main(argv=None):
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=10)
    ap.add_argument("--lr", type=float, default=1e-2)
    ap.add_argument("--seed", type=int, default=31)
    args = ap.parse_args(argv)
    random.seed(args.seed)
    torch.manual_seed(args.seed)
    docs = corpus(1200, np.random.default_rng(args.seed))
    train, val, test = docs[:800], docs[800:1000], docs[1000:]
    dls = {k: DataLoader(d, batch_size=32, shuffle=k == "train", collate_fn=collate)
           for k, d in {"train": train, "val": val, "test": test}.items()}

    ys = torch.stack([y for _, y in train])
    pos_weight = (len(ys) - ys.sum(0)) / ys.sum(0).clamp(min=1)
    criterion = nn.BCEWithLogitsLoss(pos_weight=pos_weight.sqrt())
    model = Tagger()
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)
    for epoch in range(args.epochs):
        model.train()
        running = 0.0
        for w, o, y in dls["train"]:
            opt.zero_grad()
            loss = criterion(model(w, o), y)
            loss.backward()
            opt.step()
            running += loss.item() * len(y)
        p, y = scores(model, dls["val"])
        print(f"{epoch}: loss {running / len(train):.3f} val macro-F1@0.5 {macro_f1(p, y, 0.5):.3f}")
    thr = best_thresholds(*scores(model, dls["val"]))
    p, y = scores(model, dls["test"])
    print(f"test macro-F1: fixed 0.5 {macro_f1(p, y, 0.5):.3f}, tuned {macro_f1(p, y, thr):.3f}")


if __name__ == "__main__":
    main()

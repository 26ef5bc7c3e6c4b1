import argparse
import random

import numpy as np
import torch
import torch.nn as nn


def seed_all(s):
    random.seed(s)
    np.random.seed(s)
    torch.manual_seed(s)


class CharModel(nn.Module):
    def __init__(self, vocab, width, layers):
        super().__init__()
        self.table = nn.Embedding(vocab, width)
        self.cell = nn.LSTM(width, width, num_layers=layers, batch_first=True, dropout=0.1)
        self.out = nn.Linear(width, vocab)

    def forward(self, ids, state=None):
        h, state = self.cell(self.table(ids), state)
        return self.out(h), state


def windows(ids, batch, span):
    n = len(ids) // batch
    rows = ids[: n * batch].view(batch, n)
    for i in range(0, n - 1, span):
        k = min(span, n - 1 - i)
        yield rows[:, i : i + k], rows[:, i + 1 : i + 1 + k]


def run_epoch(model, ids, opt, args):
    model.train()
    state = None
    total, count = 0.0, 0
    for x, y in windows(ids, args.batch, args.span):
        x, y = x.to(args.device), y.to(args.device)
        opt.zero_grad()
        logits, state = model(x, state)
        state = tuple(s.detach() for s in state)
        loss = nn.functional.cross_entropy(logits.reshape(-1, logits.size(-1)), y.reshape(-1))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=5.0)
        opt.step()
        total += loss.item() * y.numel()
        count += y.numel()
    return total / count


@torch.no_grad()
def held_out_loss(model, ids, args):
    model.eval()
    state, total, count = None, 0.0, 0
    for x, y in windows(ids, args.batch, args.span):
        logits, state = model(x.to(args.device), state)
        total += nn.functional.cross_entropy(logits.flatten(0, 1), y.to(args.device).flatten(), reduction="sum").item()
        count += y.numel()
    return total / count


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--span", type=int, default=64)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    seed_all(1)
    text = open("input.txt").read()
    letters = sorted(set(text))
    index = {c: i for i, c in enumerate(letters)}
    ids = torch.tensor([index[c] for c in text])
    cut = int(0.9 * len(ids))
    train_ids, val_ids = ids[:cut], ids[cut:]
    model = CharModel(len(letters), 128, 2).to(args.device)
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, mode="min", patience=2)
    best = float("inf")
    for epoch in range(20):
        train_loss = run_epoch(model, train_ids, opt, args)
        val_loss = held_out_loss(model, val_ids, args)
        plateau.step(val_loss)
        if val_loss < best:
            best = val_loss
            torch.save(model.state_dict(), "char.pt")
        print(epoch, train_loss, val_loss)


if __name__ == "__main__":
    main()

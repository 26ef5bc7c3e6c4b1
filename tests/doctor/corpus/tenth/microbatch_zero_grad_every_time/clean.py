import argparse

import torch
import torch.nn.functional as F
from torch import nn


def get_args():
    p = argparse.ArgumentParser()
    p.add_argument("--micro-bs", type=int, default=16)
    p.add_argument("--accum", type=int, default=4)
    p.add_argument("--epochs", type=int, default=6)
    p.add_argument("--lr", type=float, default=3e-3)
    p.add_argument("--seed", type=int, default=0)
    return p.parse_args()


class TokenMean(nn.Module):
    def __init__(self, vocab=50, dim=32, classes=4):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.head = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, 64), nn.GELU(), nn.Linear(64, classes))

    def forward(self, ids):
        return self.head(self.emb(ids).mean(1))


def make_split(n, g):
    y = torch.randint(0, 4, (n,), generator=g)
    ids = torch.randint(0, 50, (n, 12), generator=g)
    hint = torch.rand(n, 12, generator=g) < 0.3
    ids = torch.where(hint, y[:, None] * 3 + torch.randint(0, 3, (n, 12), generator=g), ids)
    return ids, y


def main():
    args = get_args()
    torch.manual_seed(args.seed)
    g = torch.Generator().manual_seed(args.seed + 1)
    (xtr, ytr), (xva, yva) = make_split(1024, g), make_split(256, g)

    model = TokenMean()
    opt = torch.optim.AdamW(model.parameters(), lr=args.lr)
    # 1024 / (16 * 4) = 16 updates per epoch
    for ep in range(args.epochs):
        model.train()
        opt.zero_grad(set_to_none=True)
        for i, idx in enumerate(torch.randperm(len(xtr)).split(args.micro_bs)):
            loss = F.cross_entropy(model(xtr[idx]), ytr[idx]) / args.accum
            loss.backward()
            if (i + 1) % args.accum == 0:
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                opt.step()
                opt.zero_grad(set_to_none=True)
        model.eval()
        with torch.no_grad():
            acc = (model(xva).argmax(1) == yva).float().mean().item()
        print(f"ep {ep} val acc {acc:.3f}")


if __name__ == "__main__":
    main()

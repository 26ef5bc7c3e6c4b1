import argparse
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence


def build(n, max_len, gen):
    lens = torch.randint(2, max_len + 1, (n,), generator=gen)
    x = torch.randn(n, max_len, 2, generator=gen)
    keep = torch.arange(max_len)[None, :] < lens[:, None]
    x = x * keep[..., None]
    y = (x[..., 0].sum(1) > x[..., 1].sum(1)).long()
    return x, lens, y


class PackedGRU(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.gru = nn.GRU(2, hidden, batch_first=True)
        self.cls = nn.Linear(hidden, 2)

    def encode(self, x, lens):
        ordered, perm = torch.sort(lens, descending=True)
        packed = pack_padded_sequence(x[perm], ordered, batch_first=True)
        _, h = self.gru(packed)
        return h[-1]

    def forward(self, x, lens):
        return self.cls(self.encode(x, lens))


def accuracy(net, x, lens, y):
    net.eval()
    with torch.no_grad():
        return (net(x, lens).argmax(-1) == y).float().mean().item()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--hidden", type=int, default=16)
    ap.add_argument("--lr", type=float, default=5e-3)
    ap.add_argument("--epochs", type=int, default=5)
    args = ap.parse_args()
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(1)
    x, lens, y = build(1000, 10, gen)
    xv, lv, yv = build(300, 10, gen)
    net = PackedGRU(args.hidden)
    opt = torch.optim.Adam(net.parameters(), lr=args.lr)
    for ep in range(args.epochs):
        net.train()
        for idx in torch.randperm(len(x), generator=gen).split(40):
            opt.zero_grad()
            nn.functional.cross_entropy(net(x[idx], lens[idx]), y[idx]).backward()
            opt.step()
        print(ep, f"{accuracy(net, xv, lv, yv):.3f}")


if __name__ == "__main__":
    main()

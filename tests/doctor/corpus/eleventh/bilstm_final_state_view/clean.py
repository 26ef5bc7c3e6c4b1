import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F


class BiLSTMTagger(nn.Module):
    def __init__(self, vocab, emb, hidden, n_labels):
        super().__init__()
        self.embed = nn.Embedding(vocab, emb)
        self.rnn = nn.LSTM(emb, hidden, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * hidden, n_labels)

    def forward(self, tokens):
        _, (h_n, _) = self.rnn(self.embed(tokens))  # h_n: 2 x B x H
        sent = h_n.transpose(0, 1).reshape(tokens.size(0), -1)
        return self.out(sent)


def toy_corpus(n, length, vocab, gen):
    """label = 1 iff token 1 occurs, half of the sentences have it."""
    toks = torch.randint(2, vocab, (n, length), generator=gen)
    labels = torch.randint(0, 2, (n,), generator=gen)
    pos = torch.randint(0, length, (n,), generator=gen)
    rows = labels.nonzero().squeeze(1)
    toks[rows, pos[rows]] = 1
    return toks, labels


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=6)
    ap.add_argument("--bs", type=int, default=32)
    ap.add_argument("--lr", type=float, default=5e-3)
    ap.add_argument("--seed", type=int, default=5)
    args = ap.parse_args()

    torch.manual_seed(args.seed)
    gen = torch.Generator().manual_seed(args.seed)
    tr_x, tr_y = toy_corpus(960, 10, 30, gen)
    te_x, te_y = toy_corpus(320, 10, 30, gen)
    net = BiLSTMTagger(vocab=30, emb=16, hidden=16, n_labels=2)
    opt = torch.optim.Adam(net.parameters(), lr=args.lr)
    for ep in range(args.epochs):
        net.train()
        tot = 0.0
        for idx in torch.randperm(len(tr_x), generator=gen).split(args.bs):
            loss = F.cross_entropy(net(tr_x[idx]), tr_y[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            tot += loss.item() * len(idx)
        net.eval()
        with torch.no_grad():
            acc = sum((net(x).argmax(-1) == y).sum().item() for x, y in zip(te_x.split(args.bs), te_y.split(args.bs)))
        print(f"ep {ep} loss {tot / len(tr_x):.4f} test acc {acc / len(te_x):.3f}")


if __name__ == "__main__":
    main()

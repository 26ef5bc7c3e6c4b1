import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F

parser = argparse.ArgumentParser(description="sentence pair model on bags of word vectors")
parser.add_argument("--emb_dim", type=int, default=32)
parser.add_argument("--emb_dropout", type=float, default=0.3)
parser.add_argument("--n_epochs", type=int, default=6)
parser.add_argument("--lr", type=float, default=2e-3)
parser.add_argument("--seed", type=int, default=999)
args = parser.parse_args()


class PairModel(nn.Module):
    def __init__(self, n_words, args):
        super().__init__()
        self.args = args
        self.word_emb = nn.Embedding(n_words, args.emb_dim)
        self.clf = nn.Sequential(nn.Linear(4 * args.emb_dim, 64), nn.ReLU(), nn.Linear(64, 2))

    def encode(self, words):
        out = self.word_emb(words)
        out = F.dropout(out, p=self.args.emb_dropout, training=self.training)
        return out.mean(1)

    def forward(self, s1, s2):
        u, v = self.encode(s1), self.encode(s2)
        return self.clf(torch.cat([u, v, (u - v).abs(), u * v], dim=1))


def make_pairs(n):
    """100 words in 5 topics; label 1 when both sentences are about the same topic"""
    t1 = torch.randint(0, 5, (n,))
    t2 = torch.where(torch.rand(n) < 0.5, t1, torch.randint(0, 5, (n,)))

    def words(topic):
        own = topic[:, None] * 20 + torch.randint(0, 20, (n, 8))
        return torch.where(torch.rand(n, 8) < 0.6, own, torch.randint(0, 100, (n, 8)))

    return words(t1), words(t2), (t1 == t2).long()


def evaluate(model, data):
    model.eval()
    s1, s2, y = data
    with torch.no_grad():
        return (model(s1, s2).argmax(1) == y).float().mean().item()


torch.manual_seed(args.seed)
train, valid = make_pairs(2400), make_pairs(600)
model = PairModel(100, args)
optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
for epoch in range(args.n_epochs):
    model.train()
    for idx in torch.randperm(2400).split(48):
        loss = F.cross_entropy(model(train[0][idx], train[1][idx]), train[2][idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch} loss {loss.item():.4f} valid {evaluate(model, valid):.4f}")

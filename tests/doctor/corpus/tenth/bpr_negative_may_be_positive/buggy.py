"""Matrix factorisation with the BPR loss; each user likes about a third of the catalogue."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

N_USERS, N_ITEMS, DIM = 120, 60, 8


def make_interactions(rng):
    taste = rng.normal(size=(N_USERS, 3))
    items = rng.normal(size=(N_ITEMS, 3))
    score = taste @ items.T + 0.5 * rng.normal(size=(N_USERS, N_ITEMS))
    train, test = [], []
    for u in range(N_USERS):
        liked = np.argsort(-score[u])[:20]
        liked = rng.permutation(liked)
        train.append(set(liked[:16].tolist()))
        test.append(set(liked[16:].tolist()))
    return train, test


class BPRMF(nn.Module):
    def __init__(self):
        super().__init__()
        self.user = nn.Embedding(N_USERS, DIM)
        self.item = nn.Embedding(N_ITEMS, DIM)
        nn.init.normal_(self.user.weight, std=0.1)
        nn.init.normal_(self.item.weight, std=0.1)

    def forward(self, u, i):
        return (self.user(u) * self.item(i)).sum(-1)


def sample_negative(rng):
    return int(rng.integers(N_ITEMS))


def triples(train, rng):
    out = [(u, i, sample_negative(rng)) for u in range(N_USERS) for i in train[u]]
    return torch.tensor(out)[torch.from_numpy(rng.permutation(len(out)))]


def recall_at_k(model, train, test, k=10):
    model.eval()
    hits = total = 0
    with torch.no_grad():
        scores = model.user.weight @ model.item.weight.T
    for u in range(N_USERS):
        scores[u, list(train[u])] = -float("inf")
        top = set(scores[u].topk(k).indices.tolist())
        hits += len(top & test[u])
        total += len(test[u])
    return hits / total


def main():
    rng = np.random.default_rng(77)
    torch.manual_seed(77)
    train, test = make_interactions(rng)
    model = BPRMF()
    opt = torch.optim.Adam(model.parameters(), lr=1e-2, weight_decay=1e-5)
    for epoch in range(1, 13):
        model.train()
        data, tot = triples(train, rng), 0.0
        for batch in data.split(128):
            u, i, j = batch.unbind(1)
            loss = -F.logsigmoid(model(u, i) - model(u, j)).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
            tot += loss.item() * len(batch)
        if epoch % 4 == 0:
            print(f"epoch {epoch}: bpr {tot / len(data):.4f} recall@10 {recall_at_k(model, train, test):.3f}")


main()

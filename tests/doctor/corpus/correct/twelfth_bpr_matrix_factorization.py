"""Matrix factorisation with the BPR loss on implicit feedback, leave-one-out evaluation."""
import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

N_USERS, N_ITEMS, PER_USER = 120, 80, 14


def sample_interactions(rng):
    taste = rng.normal(size=(N_USERS, 4))
    style = rng.normal(size=(N_ITEMS, 4))
    score = taste @ style.T + rng.gumbel(size=(N_USERS, N_ITEMS))
    liked = np.argsort(-score, axis=1)[:, :PER_USER]
    return rng.permuted(liked, axis=1)


class BPRMF(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.user = nn.Embedding(N_USERS, dim)
        self.item = nn.Embedding(N_ITEMS, dim)
        self.item_bias = nn.Embedding(N_ITEMS, 1)
        nn.init.normal_(self.user.weight, std=0.1)
        nn.init.normal_(self.item.weight, std=0.1)
        nn.init.zeros_(self.item_bias.weight)

    def forward(self, u, i):
        return (self.user(u) * self.item(i)).sum(-1) + self.item_bias(i).squeeze(-1)

    def all_scores(self):
        return self.user.weight @ self.item.weight.T + self.item_bias.weight.T


@torch.no_grad()
def ranking_metrics(model, seen, target, k=10):
    model.eval()
    scores = model.all_scores().masked_fill(seen, float("-inf"))
    own = scores.gather(1, target[:, None])
    rank = (scores > own).sum(1)
    hit = (rank < k).float()
    ndcg = hit * math.log(2) / torch.log(rank.float() + 2)
    return hit.mean().item(), ndcg.mean().item()


def main():
    torch.manual_seed(8)
    rng = np.random.default_rng(8)
    liked = torch.from_numpy(sample_interactions(rng))
    train, val, test = liked[:, :-2], liked[:, -2], liked[:, -1]

    seen_train = torch.zeros(N_USERS, N_ITEMS, dtype=torch.bool).scatter_(1, train, True)
    seen_val = seen_train.scatter(1, val[:, None], True)
    users = torch.arange(N_USERS).repeat_interleave(train.shape[1])
    positives = train.flatten()

    model = BPRMF()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2, weight_decay=1e-5)
    best, best_state = -1.0, None
    for epoch in range(25):
        model.train()
        running = 0.0
        for idx in torch.randperm(len(users)).split(128):
            u, pos = users[idx], positives[idx]
            weights = (~seen_train[u]).float()
            neg = torch.multinomial(weights, 1).squeeze(1)
            loss = -F.logsigmoid(model(u, pos) - model(u, neg)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            running += loss.item() * len(idx)
        hr, ndcg = ranking_metrics(model, seen_train, val)
        if ndcg > best:
            best = ndcg
            best_state = {k: v.clone() for k, v in model.state_dict().items()}
        if epoch % 5 == 4:
            print(f"epoch {epoch + 1:2d} loss {running / len(users):.4f} HR@10 {hr:.3f} NDCG@10 {ndcg:.3f}")

    model.load_state_dict(best_state)
    hr, ndcg = ranking_metrics(model, seen_val, test)
    print(f"test HR@10 {hr:.3f} NDCG@10 {ndcg:.3f}")


if __name__ == "__main__":
    main()

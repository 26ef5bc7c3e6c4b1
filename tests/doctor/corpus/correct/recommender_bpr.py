"""Implicit-feedback matrix factorisation with the BPR loss, leave-two-out split, HitRate@10."""
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

N_USERS, N_ITEMS, DIM, SEED = 150, 120, 12, 30


def make_interactions(rng):
    u, v = rng.normal(size=(N_USERS, 3)), rng.normal(size=(N_ITEMS, 3))
    util = u @ v.T + rng.gumbel(size=(N_USERS, N_ITEMS)) * 0.5
    return [rng.permutation(np.argsort(-util[i])[:14]) for i in range(N_USERS)]


class MF(nn.Module):
    def __init__(self):
        super().__init__()
        self.user = nn.Embedding(N_USERS, DIM)
        self.item = nn.Embedding(N_ITEMS, DIM)
        self.bias = nn.Embedding(N_ITEMS, 1)
        nn.init.normal_(self.user.weight, std=0.1)
        nn.init.normal_(self.item.weight, std=0.1)
        nn.init.zeros_(self.bias.weight)

    def forward(self, u, i):
        return (self.user(u) * self.item(i)).sum(-1) + self.bias(i).squeeze(-1)

    def score_all(self):
        return self.user.weight @ self.item.weight.T + self.bias.weight.T


def sample_negatives(users, known, rng):
    neg = rng.integers(0, N_ITEMS, size=len(users))
    clash = known[users, neg]
    while clash.any():  # re-draw negatives that are training positives of that user
        neg[clash] = rng.integers(0, N_ITEMS, size=int(clash.sum()))
        clash = known[users, neg]
    return neg


@torch.no_grad()
def hit_rate(model, held_out, hide, k=10):
    model.eval()
    scores = model.score_all().masked_fill(hide, float("-inf"))
    top = scores.topk(k, dim=1).indices
    return (top == held_out.unsqueeze(1)).any(1).float().mean().item()


def main():
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    baskets = make_interactions(rng)
    test_item = torch.tensor([int(b[0]) for b in baskets])
    val_item = torch.tensor([int(b[1]) for b in baskets])
    pairs = np.array([(u, i) for u, b in enumerate(baskets) for i in b[2:]])
    known = np.zeros((N_USERS, N_ITEMS), dtype=bool)
    known[pairs[:, 0], pairs[:, 1]] = True
    hide_val = torch.from_numpy(known)
    hide_test = hide_val.clone()
    hide_test[torch.arange(N_USERS), val_item] = True

    model = MF()
    opt = torch.optim.Adam(model.parameters(), lr=2e-2, weight_decay=1e-5)
    best, state = -1.0, None
    for epoch in range(20):
        model.train()
        order = rng.permutation(len(pairs))
        total = 0.0
        for start in range(0, len(order), 128):
            batch = pairs[order[start : start + 128]]
            neg = sample_negatives(batch[:, 0], known, rng)
            u, p, n = (torch.from_numpy(a) for a in (batch[:, 0], batch[:, 1], neg))
            loss = -F.logsigmoid(model(u, p) - model(u, n)).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(batch)
        hr = hit_rate(model, val_item, hide_val)
        if hr > best:
            best, state = hr, {k: v.clone() for k, v in model.state_dict().items()}
        if epoch % 5 == 4:
            print(f"epoch {epoch + 1}: bpr {total / len(pairs):.4f} val HR@10 {hr:.3f}")
    model.load_state_dict(state)
    print(f"test HR@10 {hit_rate(model, test_item, hide_test):.3f} (random about {10 / (N_ITEMS - 13):.3f})")


if __name__ == "__main__":
    main()

"""Matrix factorisation trained with the BPR pairwise loss; leave-one-out evaluation ranks every unseen item."""
import argparse
import torch
import torch.nn as nn
import torch.nn.functional as F


def interactions(n_users, n_items, per_user, gen):
    u = torch.randn(n_users, 3, generator=gen)
    v = torch.randn(n_items, 3, generator=gen)
    pop = 0.5 * torch.randn(n_items, generator=gen)
    p = torch.softmax(1.6 * u @ v.T + pop, dim=1)
    return torch.multinomial(p, per_user, generator=gen)  # (U, per_user), no repetition


class BPR(nn.Module):
    def __init__(self, n_users, n_items, dim):
        super().__init__()
        self.user = nn.Embedding(n_users, dim)
        self.item = nn.Embedding(n_items, dim)
        self.item_bias = nn.Embedding(n_items, 1)
        nn.init.normal_(self.user.weight, std=0.1)
        nn.init.normal_(self.item.weight, std=0.1)
        nn.init.zeros_(self.item_bias.weight)

    def score(self, u, i):
        return (self.user(u) * self.item(i)).sum(-1) + self.item_bias(i).squeeze(-1)

    def forward(self, u, pos, neg):
        return self.score(u, pos) - self.score(u, neg)

    def all_scores(self):
        return self.user.weight @ self.item.weight.T + self.item_bias.weight.T


def sample_negatives(users, seen, n_items):
    neg = torch.randint(0, n_items, users.shape)
    while True:
        bad = seen[users, neg]
        if not bad.any():
            return neg
        neg[bad] = torch.randint(0, n_items, (int(bad.sum()),))


@torch.no_grad()
def hit_and_ndcg(model, exclude, held_out, k=10):
    s = model.all_scores().masked_fill(exclude, float("-inf"))
    target = s.gather(1, held_out[:, None])
    rank = (s > target).sum(1)
    hit = rank < k
    ndcg = torch.where(hit, 1 / torch.log2(rank.float() + 2), torch.zeros(()))
    return hit.float().mean().item(), ndcg.mean().item()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--dim", type=int, default=8)
    ap.add_argument("--epochs", type=int, default=12)
    ap.add_argument("--batch", type=int, default=256)
    ap.add_argument("--reg", type=float, default=1e-3)
    a = ap.parse_args()

    torch.manual_seed(99)
    U, I, P = 200, 120, 14
    hist = interactions(U, I, P, torch.Generator().manual_seed(99))
    # multinomial puts likelier items first, so shuffle each user's history before holding items out
    order = torch.rand(U, P).argsort(1)
    hist = hist.gather(1, order)
    train, val, test = hist[:, :-2], hist[:, -2], hist[:, -1]

    seen_train = torch.zeros(U, I, dtype=torch.bool).scatter_(1, train, True)
    seen_val = seen_train.scatter(1, val[:, None], True)
    users = torch.arange(U)[:, None].expand_as(train).reshape(-1)
    items = train.reshape(-1)

    model = BPR(U, I, a.dim)
    opt = torch.optim.Adam(model.parameters(), lr=2e-2)
    for epoch in range(a.epochs):
        model.train()
        perm, total = torch.randperm(len(users)), 0.0
        for idx in perm.split(a.batch):
            u, pos = users[idx], items[idx]
            neg = sample_negatives(u, seen_train, I)
            reg = (model.user(u).pow(2).sum() + model.item(pos).pow(2).sum() + model.item(neg).pow(2).sum()) / len(idx)
            loss = -F.logsigmoid(model(u, pos, neg)).mean() + a.reg * reg
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(idx)
        if epoch % 3 == 2:
            model.eval()
            h, n = hit_and_ndcg(model, seen_train, val)
            print(f"epoch {epoch + 1} loss {total / len(users):.4f} val hit@10 {h:.3f} ndcg@10 {n:.3f}")
    model.eval()
    h, n = hit_and_ndcg(model, seen_val, test)
    print(f"test hit@10 {h:.3f} ndcg@10 {n:.3f}  (chance {10 / (I - P + 1):.3f})")


if __name__ == "__main__":
    main()

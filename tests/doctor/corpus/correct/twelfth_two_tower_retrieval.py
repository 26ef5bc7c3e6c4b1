import torch
from torch import nn
from torch.nn import functional as F


class Tower(nn.Module):
    def __init__(self, n_ids, n_feats, dim):
        super().__init__()
        self.id_emb = nn.Embedding(n_ids, dim)
        nn.init.normal_(self.id_emb.weight, std=0.05)
        self.mlp = nn.Sequential(nn.Linear(dim + n_feats, 32), nn.ReLU(), nn.Linear(32, dim))

    def forward(self, ids, feats):
        return F.normalize(self.mlp(torch.cat([self.id_emb(ids), feats], dim=-1)), dim=-1)


class TwoTower(nn.Module):
    def __init__(self, n_users, n_items, user_dim, item_dim, dim=16):
        super().__init__()
        self.query = Tower(n_users, user_dim, dim)
        self.candidate = Tower(n_items, item_dim, dim)
        self.log_scale = nn.Parameter(torch.tensor(10.0).log())

    def loss(self, users, user_x, items, item_x, log_q):
        q, c = self.query(users, user_x), self.candidate(items, item_x)
        logits = self.log_scale.exp() * q @ c.t() - log_q
        duplicate = items[None, :] == items[:, None]
        duplicate.fill_diagonal_(False)
        return F.cross_entropy(logits.masked_fill(duplicate, float("-inf")), torch.arange(len(users)))


def simulate(n_users=200, n_items=100, events=4000):
    user_x, item_x = torch.randn(n_users, 6), torch.randn(n_items, 6)
    popularity = torch.randn(n_items) * 0.5
    prob = F.softmax(2 * user_x @ item_x.t() / 6 ** 0.5 + popularity, dim=1)
    users = torch.randint(0, n_users, (events,))
    items = torch.multinomial(prob[users], 1).squeeze(1)
    return user_x, item_x, users, items


@torch.no_grad()
def recall_at(model, k, user_x, item_x, users, items):
    model.eval()
    index = model.candidate(torch.arange(len(item_x)), item_x)
    top = (model.query(users, user_x[users]) @ index.t()).topk(k, dim=1).indices
    return (top == items[:, None]).any(1).float().mean().item()


def main():
    torch.manual_seed(31)
    user_x, item_x, users, items = simulate()
    train_u, val_u, test_u = users.split([3000, 500, 500])
    train_i, val_i, test_i = items.split([3000, 500, 500])
    counts = torch.bincount(train_i, minlength=len(item_x)).float()
    log_q = ((counts + 1) / (counts + 1).sum()).log()

    model = TwoTower(len(user_x), len(item_x), user_x.size(1), item_x.size(1))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    best, snapshot, stale = 0.0, None, 0
    for epoch in range(15):
        model.train()
        for idx in torch.randperm(len(train_u)).split(100):
            u, i = train_u[idx], train_i[idx]
            optimizer.zero_grad()
            loss = model.loss(u, user_x[u], i, item_x[i], log_q[i])
            loss.backward()
            optimizer.step()
        recall = recall_at(model, 10, user_x, item_x, val_u, val_i)
        print(f"epoch {epoch + 1}: recall@10 {recall:.3f}")
        if recall > best:
            best, stale = recall, 0
            snapshot = {k: v.clone() for k, v in model.state_dict().items()}
        else:
            stale += 1
            if stale == 4:
                break
    model.load_state_dict(snapshot)
    print(f"test recall@10 {recall_at(model, 10, user_x, item_x, test_u, test_i):.3f}")


if __name__ == "__main__":
    main()

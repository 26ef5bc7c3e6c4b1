"""Matrix factorisation with side features: SparseAdam for the tables, AdamW with layer-wise rates for the tower."""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class OptimizerGroup:
    """Several optimizers behind the interface of one."""

    def __init__(self, **optimizers):
        self.optimizers = optimizers

    def zero_grad(self):
        for o in self.optimizers.values():
            o.zero_grad(set_to_none=True)

    def step(self):
        for o in self.optimizers.values():
            o.step()

    def state_dict(self):
        return {k: o.state_dict() for k, o in self.optimizers.items()}


class Recommender(nn.Module):
    def __init__(self, users, items, side, mean, d=12):
        super().__init__()
        self.user = nn.Embedding(users, d, sparse=True)
        self.item = nn.Embedding(items, d, sparse=True)
        for table in (self.user, self.item):
            nn.init.normal_(table.weight, std=0.1)
        self.tower = nn.Sequential(nn.Linear(side, 32), nn.ReLU(), nn.Linear(32, d))
        self.bias = nn.Linear(side, 1)
        self.register_buffer("mean", torch.as_tensor(mean))

    def forward(self, u, i, s):
        item = self.item(i) + self.tower(s)
        return self.mean + (self.user(u) * item).sum(-1) + self.bias(s).squeeze(-1)


def layerwise(named, top_lr, decay):
    """The later the layer, the larger its rate; vectors without weight decay."""
    named = list(named)
    depth = len(named) // 2
    for k, (name, p) in enumerate(named):
        lr = top_lr * decay ** (depth - 1 - k // 2)
        yield {"params": [p], "lr": lr, "weight_decay": 0.0 if p.ndim == 1 else 1e-2}


def make_ratings(gen, users=150, items=100, n=6000):
    side = torch.randn(items, 6, generator=gen)
    p = torch.randn(users, 4, generator=gen) * 0.7
    q = side @ torch.randn(6, 4, generator=gen) * 0.3 + torch.randn(items, 4, generator=gen) * 0.3
    pairs = torch.randperm(users * items, generator=gen)[:n]       # each pair at most once
    u, i = pairs // items, pairs % items
    r = 3.4 + (p[u] * q[i]).sum(-1) + 0.2 * torch.randn(n, generator=gen)
    return TensorDataset(u, i, side[i], r)


@torch.no_grad()
def rmse(model, loader):
    model.eval()
    se = n = 0
    for u, i, s, r in loader:
        se += (model(u, i, s) - r).square().sum().item()
        n += r.numel()
    return (se / n) ** 0.5


def main():
    torch.manual_seed(3)
    data = make_ratings(torch.Generator().manual_seed(31))
    rows = torch.randperm(len(data))
    take = lambda ix: TensorDataset(*(t[ix] for t in data.tensors))
    train, val, test = take(rows[:4200]), take(rows[4200:5000]), take(rows[5000:])
    train_dl = DataLoader(train, 128, shuffle=True)
    val_dl, test_dl = DataLoader(val, 512), DataLoader(test, 512)
    model = Recommender(150, 100, 6, mean=train.tensors[3].mean())
    opt = OptimizerGroup(
        tables=torch.optim.SparseAdam([model.user.weight, model.item.weight], lr=5e-3),
        dense=torch.optim.AdamW([*layerwise(model.tower.named_parameters(), 3e-3, 0.5),
                                 {"params": model.bias.parameters(), "lr": 1e-2, "weight_decay": 0.0}], lr=3e-3))
    best, state = float("inf"), None
    for epoch in range(12):
        model.train()
        for u, i, s, r in train_dl:
            loss = nn.functional.mse_loss(model(u, i, s), r)
            # dense L2 would touch every row; only the rows of the batch are shrunk
            loss = loss + 1e-3 * (model.user(u).square().sum(-1).mean() + model.item(i).square().sum(-1).mean())
            opt.zero_grad()
            loss.backward()
            opt.step()
        score = rmse(model, val_dl)
        if score < best:
            best, state = score, {k: v.clone() for k, v in model.state_dict().items()}
    model.load_state_dict(state)
    base = (test.tensors[3] - model.mean).square().mean().sqrt().item()
    print(f"val {best:.3f} test {rmse(model, test_dl):.3f} mean predictor {base:.3f}")


if __name__ == "__main__":
    main()

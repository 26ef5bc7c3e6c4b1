"""Multi-task network on partly labelled rows; each task's mean runs over its own labelled rows."""
from typing import TypedDict

import torch
from torch import nn, Tensor
from torch.utils.data import DataLoader, Dataset


class Batch(TypedDict):
    x: Tensor
    price: Tensor       # nan where unknown
    kind: Tensor        # -100 where unknown
    tags: Tensor        # nan per cell


class Partly(Dataset):
    def __init__(self, n, seed, missing, w):
        g = torch.Generator().manual_seed(seed)
        self.x = torch.randn(n, 10, generator=g)
        h = torch.tanh(self.x @ w["h"])
        self.price = 100 + 20 * (h @ w["p"]) + torch.randn(n, generator=g)
        self.kind = (h @ w["k"]).argmax(1)
        self.tags = (h @ w["t"] > 0).float()
        drop = lambda *s: torch.rand(*s, generator=g) < missing
        self.price[drop(n)] = float("nan")
        self.kind[drop(n)] = -100
        self.tags[drop(n, 3)] = float("nan")

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i) -> Batch:
        return {"x": self.x[i], "price": self.price[i], "kind": self.kind[i], "tags": self.tags[i]}


class Net(nn.Module):
    def __init__(self, center, scale):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
        self.heads = nn.ModuleDict({"price": nn.Linear(64, 1), "kind": nn.Linear(64, 4), "tags": nn.Linear(64, 3)})
        self.log_var = nn.ParameterDict({k: nn.Parameter(torch.zeros(())) for k in self.heads})
        self.register_buffer("center", center)
        self.register_buffer("scale", scale)

    def forward(self, x):
        h = self.trunk(x)
        return {k: head(h) for k, head in self.heads.items()}


def task_losses(net: Net, out, b: Batch):
    """Yields (name, summed loss, number of labels); tasks without a label in the batch are left out."""
    m = ~b["price"].isnan()
    if m.any():
        target = (b["price"][m] - net.center) / net.scale
        yield "price", nn.functional.mse_loss(out["price"].squeeze(1)[m], target, reduction="sum"), m.sum()
    m = b["kind"] != -100
    if m.any():
        yield "kind", nn.functional.cross_entropy(out["kind"], b["kind"], ignore_index=-100, reduction="sum"), m.sum()
    m = ~b["tags"].isnan()
    if m.any():
        yield "tags", nn.functional.binary_cross_entropy_with_logits(out["tags"][m], b["tags"][m], reduction="sum"), m.sum()


def evaluate(net, loader):
    net.eval()
    tot: dict[str, list[float]] = {}
    with torch.no_grad():
        for b in loader:
            out = net(b["x"])
            price = out["price"].squeeze(1) * net.scale + net.center
            found = {
                "price mae": ((price - b["price"]).abs(), ~b["price"].isnan()),
                "kind acc": ((out["kind"].argmax(1) == b["kind"]).float(), b["kind"] != -100),
                "tags acc": (((out["tags"] > 0).float() == b["tags"]).float(), ~b["tags"].isnan()),
            }
            for k, (value, mask) in found.items():
                s = tot.setdefault(k, [0.0, 0])
                s[0] += value[mask].sum().item()
                s[1] += mask.sum().item()
    return {k: round(s / n, 3) for k, (s, n) in tot.items()}


def main():
    torch.manual_seed(0)
    w = {k: torch.randn(*s) for k, s in {"h": (10, 8), "p": (8,), "k": (8, 4), "t": (8, 3)}.items()}
    train, test = Partly(1200, 1, 0.6, w), Partly(400, 2, 0.0, w)
    known = train.price[~train.price.isnan()]
    net = Net(known.mean(), known.std())
    opt = torch.optim.Adam([{"params": [p for n, p in net.named_parameters() if not n.startswith("log_var")]},
                            {"params": net.log_var.parameters(), "lr": 1e-2}], lr=2e-3)
    loader = DataLoader(train, 64, shuffle=True)
    for epoch in range(10):
        net.train()
        for b in loader:
            out = net(b["x"])
            loss = torch.zeros(())
            for name, total, n in task_losses(net, out, b):
                s = net.log_var[name]
                loss = loss + torch.exp(-s) * total / n + 0.5 * s      # learned task weights
            opt.zero_grad()
            loss.backward()
            opt.step()
    print(evaluate(net, DataLoader(test, 128)))


if __name__ == "__main__":
    main()

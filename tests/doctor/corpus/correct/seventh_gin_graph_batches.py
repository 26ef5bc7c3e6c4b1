"""Graph classification with GIN, mini-batches as one big disconnected graph (edge index + batch vector)."""
import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader


def random_graph(label, gen):
    """Class 0: trees. Class 1: trees with 3-5 extra edges."""
    n = int(torch.randint(8, 16, (1,), generator=gen))
    pairs = [(i, int(torch.randint(i, (1,), generator=gen))) for i in range(1, n)]
    if label:
        want = n - 1 + int(torch.randint(3, 6, (1,), generator=gen))
        have = set(pairs)
        while len(have) < want:
            a, b = torch.randint(n, (2,), generator=gen).tolist()
            if a > b:
                have.add((a, b))
        pairs = sorted(have)
    e = torch.tensor(pairs).t()
    e = torch.cat([e, e.flip(0)], 1)                       # both directions
    return {"x": torch.ones(n, 1), "edge": e, "y": label}


def dataset(n, seed):
    gen = torch.Generator().manual_seed(seed)
    return [random_graph(i % 2, gen) for i in range(n)]


def collate(graphs):
    sizes = torch.tensor([len(g["x"]) for g in graphs])
    offset = sizes.cumsum(0) - sizes
    edges = torch.cat([g["edge"] + o for g, o in zip(graphs, offset)], 1)
    return (torch.cat([g["x"] for g in graphs]), edges,
            torch.arange(len(graphs)).repeat_interleave(sizes), torch.tensor([g["y"] for g in graphs]))


class GINLayer(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.eps = nn.Parameter(torch.zeros(1))
        self.mlp = nn.Sequential(nn.Linear(i, o), nn.BatchNorm1d(o), nn.ReLU(), nn.Linear(o, o), nn.ReLU())

    def forward(self, x, edge):
        src, dst = edge
        agg = torch.zeros_like(x).index_add(0, dst, x[src])
        return self.mlp((1 + self.eps) * x + agg)


class GIN(nn.Module):
    def __init__(self, h=24, layers=3):
        super().__init__()
        self.layers = nn.ModuleList(GINLayer(1 if k == 0 else h, h) for k in range(layers))
        self.readout = nn.ModuleList(nn.Linear(h, 2) for _ in range(layers))

    def forward(self, x, edge, batch, n_graphs):
        score = 0
        for layer, head in zip(self.layers, self.readout):
            x = layer(x, edge)
            count = torch.bincount(batch, minlength=n_graphs).unsqueeze(1)
            pooled = x.new_zeros(n_graphs, x.size(1)).index_add_(0, batch, x) / count
            score = score + F.dropout(head(pooled), 0.2, training=self.training)
        return score


def run_epoch(model, loader, opt=None):
    training = opt is not None
    model.train(training)
    loss_sum = hits = n = 0
    with torch.set_grad_enabled(training):
        for x, edge, batch, y in loader:
            out = model(x, edge, batch, len(y))
            loss = F.cross_entropy(out, y)
            if training:
                opt.zero_grad()
                loss.backward()
                opt.step()
            loss_sum += loss.item() * len(y)
            hits += (out.argmax(1) == y).sum().item()
            n += len(y)
    return loss_sum / n, hits / n


if __name__ == "__main__":
    torch.manual_seed(0)
    train = DataLoader(dataset(400, 1), batch_size=32, shuffle=True, collate_fn=collate)
    val, test = (DataLoader(dataset(150, s), batch_size=75, collate_fn=collate) for s in (2, 3))
    net = GIN()
    opt = torch.optim.Adam(net.parameters(), lr=5e-3)
    best, keep = float("inf"), None
    for epoch in range(8):
        tr = run_epoch(net, train, opt)
        va = run_epoch(net, val)
        print(f"epoch {epoch} train {tr[0]:.3f}/{tr[1]:.3f} val {va[0]:.3f}/{va[1]:.3f}")
        if va[0] < best:
            best, keep = va[0], copy.deepcopy(net.state_dict())
    net.load_state_dict(keep)
    print("test loss %.3f accuracy %.3f" % run_epoch(net, test))

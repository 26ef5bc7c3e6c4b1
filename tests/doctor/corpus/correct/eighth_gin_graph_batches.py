"""Graph classification with GIN layers and block-diagonal batches, by hand (index_add, no library).

Task: does a random graph contain a triangle-rich community? (labels balanced, sizes differ)
"""
import dataclasses
from typing import List

import torch
import torch.nn as nn
from torch import Tensor
from torch.utils.data import DataLoader


@dataclasses.dataclass
class Graph:
    x: Tensor            # [n, f]
    edge_index: Tensor   # [2, e], both directions
    y: int


@dataclasses.dataclass
class Batch:
    x: Tensor
    edge_index: Tensor
    graph: Tensor        # node -> graph
    y: Tensor
    num_graphs: int

    @classmethod
    def from_list(cls, graphs: List[Graph]):
        xs, es, owner, offset = [], [], [], 0
        for i, g in enumerate(graphs):
            xs.append(g.x)
            es.append(g.edge_index + offset)        # node numbers go on from graph to graph
            owner.append(torch.full((len(g.x),), i))
            offset += len(g.x)
        return cls(torch.cat(xs), torch.cat(es, 1), torch.cat(owner), torch.tensor([g.y for g in graphs]), len(graphs))


def random_graph(gen) -> Graph:
    n = int(torch.randint(12, 25, (), generator=gen))
    y = int(torch.randint(2, (), generator=gen))
    p = torch.full((n, n), 0.15)
    if y:
        k = n // 3
        p[:k, :k] = 0.75
        p[k:, k:] = 0.11                            # about the same number of edges in both classes
    adj = torch.triu(torch.rand(n, n, generator=gen) < p, 1)
    adj = (adj | adj.T)[perm := torch.randperm(n, generator=gen)][:, perm]
    deg = adj.sum(1).clamp(max=7)
    return Graph(nn.functional.one_hot(deg, 8).float(), adj.nonzero().T.contiguous(), y)


def scatter_sum(src, index, size):
    return src.new_zeros(size, src.size(1)).index_add(0, index, src)


def scatter_mean(src, index, size):
    count = torch.bincount(index, minlength=size).clamp(min=1).unsqueeze(1)
    return scatter_sum(src, index, size) / count


class GINLayer(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.eps = nn.Parameter(torch.zeros(()))
        self.mlp = nn.Sequential(nn.Linear(i, o), nn.BatchNorm1d(o), nn.ReLU(), nn.Linear(o, o))

    def forward(self, x, edge_index):
        src, dst = edge_index
        return self.mlp((1 + self.eps) * x + scatter_sum(x[src], dst, len(x)))


class GIN(nn.Module):
    def __init__(self, features=8, hidden=24, layers=2):
        super().__init__()
        dims = [features] + [hidden] * layers
        self.convs = nn.ModuleList(GINLayer(i, o) for i, o in zip(dims, dims[1:]))
        self.readout = nn.ModuleList(nn.Linear(d, 2) for d in dims)       # one per depth, summed (as in the paper)
        self.drop = nn.Dropout(0.3)

    def forward(self, b: Batch):
        x, score = b.x, 0
        for k, lin in enumerate(self.readout):
            pooled = scatter_mean(x, b.graph, b.num_graphs)
            score = score + self.drop(lin(pooled))
            if k < len(self.convs):
                x = self.convs[k](x, b.edge_index).relu()
        return score


def evaluate(model, loader):
    model.eval()
    right = total = 0
    with torch.no_grad():
        for b in loader:
            right += (model(b).argmax(1) == b.y).sum().item()
            total += b.num_graphs
    return right / total


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    graphs = [random_graph(gen) for _ in range(900)]
    train, val, test = graphs[:600], graphs[600:750], graphs[750:]
    make = lambda g, shuffle=False: DataLoader(g, 32, shuffle=shuffle, collate_fn=Batch.from_list)
    train_loader, val_loader, test_loader = make(train, True), make(val), make(test)

    model = GIN()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=5, gamma=0.5)
    best, state = 0.0, None
    for epoch in range(1, 13):
        model.train()
        for b in train_loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(b), b.y).backward()
            optimizer.step()
        scheduler.step()
        acc = evaluate(model, val_loader)
        if acc > best:
            best, state = acc, {k: v.clone() for k, v in model.state_dict().items()}
        if epoch % 4 == 0:
            print(f"epoch {epoch} val {acc:.3f} lr {scheduler.get_last_lr()[0]:.4f} eps {[round(c.eps.item(), 3) for c in model.convs]}")
    model.load_state_dict(state)
    print(f"test {evaluate(model, test_loader):.3f}")

    # the numbering of the nodes must not matter
    g = test[0]
    perm = torch.randperm(len(g.x))
    inv = torch.argsort(perm)
    h = Graph(g.x[perm], inv[g.edge_index], g.y)
    with torch.no_grad():
        a, b = model(Batch.from_list([g])), model(Batch.from_list([h]))
    torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


if __name__ == "__main__":
    main()

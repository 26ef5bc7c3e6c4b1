"""Graph attention (Velickovic et al. 2018) without a graph library: edge lists, scatter softmax, disjoint-union batches.

Every graph is a ring with chords. Every node has a colour and a value; the label of a graph says whether the
colour with the larger mean value is colour 0.
"""
from dataclasses import dataclass
from typing import List

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader


@dataclass
class Graph:
    x: Tensor
    edge_index: Tensor
    y: Tensor
    batch: Tensor = None
    num_graphs: int = 1


def random_graph(g) -> Graph:
    n = int(torch.randint(6, 14, (1,), generator=g))
    ring = torch.arange(n)
    chords = torch.randint(0, n, (2, n // 2), generator=g)
    chords = chords[:, chords[0] != chords[1]]
    one_way = torch.cat([torch.stack([ring, ring.roll(-1)]), chords], 1)
    loops = torch.stack([ring, ring])
    edges = torch.cat([one_way, one_way.flip(0)], 1).unique(dim=1)
    colour = torch.randint(0, 2, (n,), generator=g)
    colour[:2] = torch.tensor([0, 1])
    value = torch.randn(n, generator=g)
    y = value[colour == 0].mean() > value[colour == 1].mean()
    x = torch.stack([colour.float(), 1 - colour.float(), value], 1)
    return Graph(x, torch.cat([edges, loops], 1), y.float())


def collate(graphs: List[Graph]) -> Graph:
    sizes = torch.tensor([len(g.x) for g in graphs])
    offsets = sizes.cumsum(0) - sizes
    return Graph(torch.cat([g.x for g in graphs]),
                 torch.cat([g.edge_index + o for g, o in zip(graphs, offsets)], 1),
                 torch.stack([g.y for g in graphs]),
                 torch.repeat_interleave(torch.arange(len(graphs)), sizes), len(graphs))


def scatter_softmax(score: Tensor, index: Tensor, n: int) -> Tensor:
    idx = index[:, None].expand_as(score)
    top = torch.full((n, score.size(1)), float("-inf")).scatter_reduce(0, idx, score.detach(), "amax")
    e = (score - top[index]).exp()
    return e / torch.zeros(n, score.size(1)).index_add(0, index, e)[index]


class GATConv(nn.Module):
    def __init__(self, d_in, d_out, heads):
        super().__init__()
        self.heads, self.d = heads, d_out
        self.lin = nn.Linear(d_in, heads * d_out, bias=False)
        self.res = nn.Linear(d_in, heads * d_out)
        self.a_src, self.a_dst = (nn.Parameter(torch.empty(heads, d_out)) for _ in range(2))
        nn.init.xavier_uniform_(self.a_src)
        nn.init.xavier_uniform_(self.a_dst)

    def forward(self, x, edge_index):
        src, dst = edge_index
        h = self.lin(x).view(-1, self.heads, self.d)
        score = (h * self.a_src).sum(-1)[src] + (h * self.a_dst).sum(-1)[dst]
        att = scatter_softmax(nn.functional.leaky_relu(score, 0.2), dst, len(x))
        out = torch.zeros_like(h).index_add(0, dst, att.unsqueeze(-1) * h[src])
        return out.flatten(1) + self.res(x)


class Net(nn.Module):
    def __init__(self, hidden=8, heads=4):
        super().__init__()
        self.convs = nn.ModuleList([GATConv(3, hidden, heads), GATConv(hidden * heads, hidden, heads)])
        self.head = nn.Sequential(nn.Linear(2 * hidden * heads, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, g: Graph) -> Tensor:
        x = g.x
        for conv in self.convs:
            x = nn.functional.elu(conv(x, g.edge_index))
        n = torch.zeros(g.num_graphs, 1).index_add(0, g.batch, torch.ones(len(x), 1))
        mean = torch.zeros(g.num_graphs, x.size(1)).index_add(0, g.batch, x) / n
        idx = g.batch[:, None].expand_as(x)
        peak = torch.full_like(mean, float("-inf")).scatter_reduce(0, idx, x, "amax")
        return self.head(torch.cat([mean, peak], 1)).squeeze(-1)


@torch.no_grad()
def accuracy(model, loader):
    model.eval()
    hit = sum(int(((model(g) > 0) == (g.y > 0.5)).sum()) for g in loader)
    return hit / len(loader.dataset)


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(3)
    graphs = [random_graph(gen) for _ in range(1000)]
    train, val, test = (DataLoader(part, batch_size=50, shuffle=i == 0, collate_fn=collate)
                        for i, part in enumerate((graphs[:700], graphs[700:850], graphs[850:])))
    model = Net()
    opt = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=1e-3)
    criterion = nn.BCEWithLogitsLoss()
    best, state = -1.0, None
    for epoch in range(10):
        model.train()
        total = 0.0
        for g in train:
            opt.zero_grad()
            loss = criterion(model(g), g.y)
            loss.backward()
            opt.step()
            total += loss.item() * g.num_graphs
        acc = accuracy(model, val)
        if acc > best:
            best, state = acc, {k: v.clone() for k, v in model.state_dict().items()}
        if epoch % 3 == 0:
            print(f"epoch {epoch}: loss {total / len(train.dataset):.4f} val acc {acc:.3f}")
    model.load_state_dict(state)
    print(f"test accuracy {accuracy(model, test):.3f} (val {best:.3f})")


if __name__ == "__main__":
    main()

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class RingOrTree(Dataset):
    """Small graphs whose node features alone do not tell the class; ring with chords vs star."""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.graphs = []
        for _ in range(n):
            size = int(torch.randint(6, 12, (1,), generator=g))
            label = int(torch.randint(0, 2, (1,), generator=g))
            i = torch.arange(size)
            if label == 0:
                e = torch.stack([i, (i + 1) % size])
            else:
                e = torch.stack([torch.zeros(size - 1, dtype=torch.long), i[1:]])
            perm = torch.randperm(size, generator=g)
            e = perm[e]
            self.graphs.append((torch.rand(size, 4, generator=g), torch.cat([e, e.flip(0)], 1), label))

    def __len__(self):
        return len(self.graphs)

    def __getitem__(self, i):
        return self.graphs[i]


def collate_graphs(items):
    xs, edges, owner, labels = [], [], [], []
    start = 0
    for k, (x, e, y) in enumerate(items):
        xs.append(x)
        edges.append(e + start)
        owner.append(torch.full((len(x),), k))
        labels.append(y)
        start += len(x)
    return torch.cat(xs), torch.cat(edges, 1), torch.cat(owner), torch.tensor(labels)


class Message(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.own, self.nbr = nn.Linear(d_in, d_out), nn.Linear(d_in, d_out, bias=False)

    def forward(self, x, edge_index):
        src, dst = edge_index
        agg = torch.zeros_like(x).index_add_(0, dst, x[src])
        return torch.relu(self.own(x) + self.nbr(agg))


class GraphNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.m1, self.m2 = Message(4, 24), Message(24, 24)
        self.cls = nn.Linear(24, 2)

    def forward(self, x, edge_index, owner, n_graphs):
        h = self.m2(self.m1(x, edge_index), edge_index)
        total = torch.zeros(n_graphs, h.size(1)).index_add_(0, owner, h)
        count = torch.bincount(owner, minlength=n_graphs).unsqueeze(1)
        return self.cls(total / count)


def run():
    torch.manual_seed(1)
    train = DataLoader(RingOrTree(500, 0), batch_size=25, shuffle=True, collate_fn=collate_graphs)
    test = DataLoader(RingOrTree(200, 1), batch_size=50, collate_fn=collate_graphs)
    net = GraphNet()
    opt = torch.optim.Adam(net.parameters(), lr=5e-3)
    for epoch in range(5):
        net.train()
        for x, e, owner, y in train:
            opt.zero_grad()
            nn.functional.cross_entropy(net(x, e, owner, len(y)), y).backward()
            opt.step()
        net.eval()
        with torch.no_grad():
            hits = sum((net(x, e, owner, len(y)).argmax(1) == y).sum().item() for x, e, owner, y in test)
        print("epoch", epoch, "test accuracy", hits / len(test.dataset))


run()

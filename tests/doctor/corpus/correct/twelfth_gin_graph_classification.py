import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader


def ring_or_dumbbell(label):
    """A ring of 2k nodes (0) or two separate rings of k nodes with one bridge (1)."""
    k = int(torch.randint(4, 8, (1,)))
    idx = torch.arange(2 * k)
    if label == 0:
        edges = torch.stack([idx, (idx + 1) % (2 * k)])
    else:
        ring = (idx % k + 1) % k + k * (idx // k)
        edges = torch.cat([torch.stack([idx, ring]), torch.tensor([[0], [k]])], dim=1)
    edges = torch.cat([edges, edges.flip(0)], dim=1)
    degree = torch.bincount(edges[0], minlength=2 * k).float()
    x = torch.stack([degree, torch.ones(2 * k)], dim=1) + 0.1 * torch.randn(2 * k, 2)
    return x, edges, label


def collate(graphs):
    xs, edge_list, batch, offset = [], [], [], 0
    for g, (x, edges, _) in enumerate(graphs):
        xs.append(x)
        edge_list.append(edges + offset)
        batch.append(torch.full((len(x),), g))
        offset += len(x)
    labels = torch.tensor([g[2] for g in graphs])
    return torch.cat(xs), torch.cat(edge_list, dim=1), torch.cat(batch), labels


class GINLayer(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.eps = nn.Parameter(torch.zeros(1))
        self.mlp = nn.Sequential(nn.Linear(n_in, n_out), nn.BatchNorm1d(n_out), nn.ReLU(), nn.Linear(n_out, n_out))

    def forward(self, x, edges):
        src, dst = edges
        agg = torch.zeros_like(x).index_add(0, dst, x[src])
        return F.relu(self.mlp((1 + self.eps) * x + agg))


class GIN(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.conv1 = GINLayer(2, hidden)
        self.conv2 = GINLayer(hidden, hidden)
        self.fc = nn.Linear(hidden, 2)

    def forward(self, x, edges, batch, n_graphs):
        h = self.conv2(self.conv1(x, edges), edges)
        total = torch.zeros(n_graphs, h.size(1)).index_add(0, batch, h)
        size = torch.bincount(batch, minlength=n_graphs).unsqueeze(1)
        return self.fc(total / size)


def accuracy(model, loader):
    model.eval()
    right = 0
    with torch.no_grad():
        for x, edges, batch, y in loader:
            right += (model(x, edges, batch, len(y)).argmax(1) == y).sum().item()
    return right / len(loader.dataset)


if __name__ == "__main__":
    torch.manual_seed(77)
    dataset = [ring_or_dumbbell(int(y)) for y in torch.randint(0, 2, (450,))]
    train = DataLoader(dataset[:300], batch_size=30, shuffle=True, collate_fn=collate)
    val = DataLoader(dataset[300:], batch_size=50, collate_fn=collate)
    model = GIN()
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    for epoch in range(12):
        model.train()
        epoch_loss = 0.0
        for x, edges, batch, y in train:
            opt.zero_grad()
            loss = F.cross_entropy(model(x, edges, batch, len(y)), y)
            loss.backward()
            opt.step()
            epoch_loss += loss.item() * len(y)
        print(f"Epoch {epoch:02d} | loss {epoch_loss / len(train.dataset):.4f} | val acc {accuracy(model, val):.3f}")

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset


class GestureDataset(Dataset):
    """Accelerometer traces of different duration, 3 axes each."""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.items = []
        for _ in range(n):
            steps = int(torch.randint(5, 150, (1,), generator=g))
            label = int(torch.randint(0, 3, (1,), generator=g))
            trace = torch.randn(steps, 3, generator=g)
            trace[:, 0] += (0.0, 0.5, 1.0)[label]
            self.items.append((trace, label))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def pad_collate(batch):
    traces, labels = zip(*batch)
    lengths = torch.tensor([len(t) for t in traces])
    return pad_sequence(traces, batch_first=True), lengths, torch.tensor(labels)


class GestureNet(nn.Module):
    def __init__(self, hidden=32, classes=3):
        super().__init__()
        self.step = nn.Sequential(nn.Linear(3, hidden), nn.ReLU(), nn.Linear(hidden, hidden))
        self.cls = nn.Linear(hidden, classes)

    def forward(self, x, lengths):
        h = self.step(x)
        valid = (torch.arange(x.size(1)) < lengths[:, None]).unsqueeze(-1)
        pooled = (h * valid).sum(dim=1) / lengths[:, None]
        return self.cls(pooled)


def accuracy(model, loader):
    model.eval()
    with torch.no_grad():
        ok = sum((model(x, n).argmax(1) == y).sum().item() for x, n, y in loader)
    return ok / len(loader.dataset)


def main():
    torch.manual_seed(6)
    train = DataLoader(GestureDataset(600, seed=60), batch_size=32, shuffle=True, collate_fn=pad_collate)
    valid = DataLoader(GestureDataset(200, seed=61), batch_size=50, collate_fn=pad_collate)
    model = GestureNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(8):
        model.train()
        for x, n, y in train:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x, n), y)
            loss.backward()
            optimizer.step()
        print(epoch, "valid accuracy", round(accuracy(model, valid), 3))


if __name__ == "__main__":
    main()

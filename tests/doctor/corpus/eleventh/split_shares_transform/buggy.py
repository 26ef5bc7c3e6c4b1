import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, random_split


class EcgSet(Dataset):
    """Short synthetic beats; class 1 has an early second peak."""

    def __init__(self, signals, labels, transform=None):
        self.signals, self.labels, self.transform = signals, labels, transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        beat = self.signals[i]
        if self.transform is not None:
            beat = self.transform(beat)
        return beat, self.labels[i]


def augment(beat):
    """Random shift in time and random gain."""
    shift = int(torch.randint(0, 64, (1,)))
    return torch.roll(beat, shift, dims=-1) * (0.7 + 0.6 * torch.rand(1))


def simulate(n, random_start):
    labels = torch.randint(0, 2, (n,))
    t = torch.arange(64).float()
    gap = torch.where(labels == 1, 14.0, 22.0).unsqueeze(1)
    wave = torch.exp(-((t - 12) / 2) ** 2) + 0.6 * torch.exp(-((t - 12 - gap) / 3) ** 2)
    if random_start:
        wave = torch.stack([torch.roll(w, int(torch.randint(0, 64, (1,)))) for w in wave])
    return (wave + 0.08 * torch.randn(n, 64)).unsqueeze(1), labels


def accuracy(net, loader):
    net.eval()
    with torch.no_grad():
        return sum((net(x).argmax(1) == y).sum().item() for x, y in loader) / len(loader.dataset)


torch.manual_seed(4)
signals, labels = simulate(240, random_start=False)
field_x, field_y = simulate(200, random_start=True)

full = EcgSet(signals, labels, transform=augment)
train_set, val_set = random_split(full, [180, 60], generator=torch.Generator().manual_seed(4))
val_set.dataset.transform = None

train_loader = DataLoader(train_set, batch_size=20, shuffle=True)
val_loader = DataLoader(val_set, batch_size=60)
field_loader = DataLoader(EcgSet(field_x, field_y), batch_size=50)

net = nn.Sequential(nn.Conv1d(1, 12, 9, padding=4), nn.ReLU(), nn.MaxPool1d(4), nn.Flatten(), nn.Linear(192, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(25):
    net.train()
    mean_loss = 0.0
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        mean_loss += loss.item() / len(train_loader)
    if epoch % 5 == 4:
        print(epoch + 1, "loss", round(mean_loss, 4), "val", round(accuracy(net, val_loader), 3))
print("recordings from the field:", accuracy(net, field_loader))

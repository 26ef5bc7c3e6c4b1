import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

torch.manual_seed(21)


def make_split(counts):
    centers = torch.tensor([[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [-1.5, -1.5, 1.0], [0.0, 0.0, -2.0]])
    labels = torch.repeat_interleave(torch.arange(4), torch.tensor(counts))
    labels = labels[torch.randperm(len(labels))]
    return TensorDataset(centers[labels] + torch.randn(len(labels), 3), labels)


def balanced_sampler(dataset):
    labels = dataset.tensors[1]
    weights = 1.0 / torch.bincount(labels).double()
    return WeightedRandomSampler(weights, num_samples=len(labels), replacement=True)


def mean_recall(model, dataset):
    model.eval()
    x, y = dataset.tensors
    with torch.no_grad():
        guess = model(x).argmax(dim=1)
    return torch.stack([(guess[y == c] == c).float().mean() for c in range(4)]).mean().item()


train_set = make_split([700, 150, 100, 50])
valid_set = make_split([140, 30, 20, 10])
loader = DataLoader(train_set, batch_size=50, sampler=balanced_sampler(train_set))

model = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 4))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
criterion = nn.CrossEntropyLoss()
for epoch in range(8):
    model.train()
    running = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        running += loss.item() * len(y)
    print(f"epoch {epoch} train loss {running / len(train_set):.3f} balanced acc {mean_recall(model, valid_set):.3f}")

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler, random_split


def patients(n=2400):
    """Lab values; about 6 % of the patients are ill."""
    ill = (torch.rand(n) < 0.06).long()
    x = torch.randn(n, 8)
    x[:, 1] += 1.1 * ill
    x[:, 5] -= 0.9 * ill
    return TensorDataset(x, ill)


def sample_weights(labels):
    counts = torch.bincount(labels, minlength=2).float()
    return (1.0 / counts)[labels]


def get_loaders(batch_size):
    dataset = patients()
    train_part, val_part = random_split(dataset, [0.75, 0.25])
    labels = dataset.tensors[1]
    weights = sample_weights(labels[train_part.indices])
    sampler = WeightedRandomSampler(weights, num_samples=len(train_part), replacement=False)
    return (
        DataLoader(train_part, batch_size=batch_size, sampler=sampler),
        DataLoader(val_part, batch_size=200),
    )


def build_model():
    model = nn.Sequential(nn.Linear(8, 32), nn.LeakyReLU(0.1), nn.Linear(32, 2))
    return model, torch.optim.Adam(model.parameters(), lr=2e-3)


def train_one_epoch(model, optimizer, loader):
    model.train()
    for x, y in loader:
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def sensitivity_specificity(model, loader):
    model.eval()
    tp = fn = tn = fp = 0
    with torch.no_grad():
        for x, y in loader:
            p = model(x).argmax(dim=1)
            tp += ((p == 1) & (y == 1)).sum().item()
            fn += ((p == 0) & (y == 1)).sum().item()
            tn += ((p == 0) & (y == 0)).sum().item()
            fp += ((p == 1) & (y == 0)).sum().item()
    return tp / (tp + fn), tn / (tn + fp)


if __name__ == "__main__":
    torch.manual_seed(17)
    train_loader, val_loader = get_loaders(batch_size=64)
    model, optimizer = build_model()
    for _ in range(6):
        train_one_epoch(model, optimizer, train_loader)
    sens, spec = sensitivity_specificity(model, val_loader)
    print(f"sensitivity {sens:.2f}  specificity {spec:.2f}")

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

SHARES = (0.90, 0.07, 0.03)


def draw(n, rng):
    label = rng.choice(3, size=n, p=SHARES)
    centre = np.array([[0.0, 0.0], [1.6, 0.4], [0.2, 1.9]])[label]
    return (centre + rng.normal(scale=0.8, size=(n, 2))).astype(np.float32), label.astype(np.int64)


def class_weights(label, n_classes=3):
    count = np.bincount(label, minlength=n_classes)
    weight = count.sum() / (n_classes * count)
    return torch.tensor(weight, dtype=torch.float32)


def recall_per_class(model, loader):
    table = torch.zeros(3, 3)
    model.eval()
    with torch.no_grad():
        for xb, yb in loader:
            table.index_put_((yb, model(xb).argmax(1)), torch.ones(len(yb)), accumulate=True)
    return table.diagonal() / table.sum(1)


def main():
    rng = np.random.default_rng(23)
    torch.manual_seed(23)
    x_train, y_train = draw(1500, rng)
    x_test, y_test = draw(1500, rng)
    as_set = lambda x, y: TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    train = DataLoader(as_set(x_train, y_train), batch_size=50, shuffle=True)
    test = DataLoader(as_set(x_test, y_test), batch_size=500)

    model = nn.Sequential(nn.Linear(2, 24), nn.ReLU(), nn.Linear(24, 3))
    criterion = nn.CrossEntropyLoss(weight=class_weights(y_train))
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for epoch in range(10):
        model.train()
        for xb, yb in train:
            optimizer.zero_grad()
            criterion(model(xb), yb).backward()
            optimizer.step()
    recall = recall_per_class(model, test)
    print("recall per class", [round(r, 3) for r in recall.tolist()], "balanced", round(recall.mean().item(), 3))


main()

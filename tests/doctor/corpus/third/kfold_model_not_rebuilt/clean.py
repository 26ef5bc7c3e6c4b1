import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.model_selection import KFold
from torch.utils.data import DataLoader, Subset, TensorDataset

SETTINGS = dict(folds=5, epochs=15, batch_size=32, lr=3e-3, hidden=64, seed=0)


def make_model(n_in, hidden):
    return nn.Sequential(nn.Linear(n_in, hidden), nn.ReLU(), nn.Linear(hidden, 2))


def train_fold(model, loader, epochs, lr):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    criterion = nn.CrossEntropyLoss()
    model.train()
    for _ in range(epochs):
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()


def eval_fold(model, loader):
    model.eval()
    correct = total = 0
    with torch.no_grad():
        for x, y in loader:
            correct += (model(x).argmax(1) == y).sum().item()
            total += y.size(0)
    return correct / total


def cross_validate(dataset, folds, epochs, batch_size, lr, hidden, seed):
    splitter = KFold(n_splits=folds, shuffle=True, random_state=seed)
    results = {}
    n_in = dataset.tensors[0].shape[1]
    for fold, (train_ids, val_ids) in enumerate(splitter.split(np.arange(len(dataset)))):
        model = make_model(n_in, hidden)
        train_loader = DataLoader(Subset(dataset, train_ids), batch_size=batch_size, shuffle=True)
        val_loader = DataLoader(Subset(dataset, val_ids), batch_size=batch_size)
        train_fold(model, train_loader, epochs, lr)
        results[fold] = eval_fold(model, val_loader)
    return results


if __name__ == '__main__':
    torch.manual_seed(SETTINGS['seed'])
    X, y = make_classification(300, 30, n_informative=4, n_redundant=0, flip_y=0.15, random_state=3)
    table = TensorDataset(torch.tensor(X, dtype=torch.float32), torch.tensor(y))
    scores = cross_validate(table, **SETTINGS)
    for fold, score in scores.items():
        print(f'fold {fold}: {score:.3f}')
    print(f'mean: {np.mean(list(scores.values())):.3f}')

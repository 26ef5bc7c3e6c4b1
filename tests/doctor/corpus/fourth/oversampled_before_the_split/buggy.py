import numpy as np
import torch
import torch.nn as nn
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split
from sklearn.utils import resample
from torch.utils.data import DataLoader, TensorDataset


def load_patients(seed=0, n=1200):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 15)).astype(np.float32)
    score = X[:, 0] + 0.7 * X[:, 1] * X[:, 2] + 1.5 * rng.normal(size=n)
    y = (score > np.quantile(score, 0.93)).astype(np.int64)
    return X, y


def oversample(X, y, seed=0):
    """Repeat rare rows until both classes are equally frequent."""
    rare, common = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    extra = resample(rare, n_samples=len(common), random_state=seed)
    rows = np.concatenate([common, extra])
    return X[rows], y[rows]


def prepare(seed=0):
    X, y = load_patients(seed)
    X, y = oversample(X, y, seed)
    X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.3, stratify=y, random_state=seed)
    return (X_train, y_train), (X_val, y_val)


class Net(nn.Module):
    def __init__(self, d):
        super(Net, self).__init__()
        self.fc = nn.Sequential(nn.Linear(d, 64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))

    def forward(self, x):
        return self.fc(x)


def main():
    torch.manual_seed(0)
    train, val = prepare()
    loader = DataLoader(TensorDataset(*map(torch.from_numpy, train)), batch_size=64, shuffle=True)
    x_val, y_val = torch.from_numpy(val[0]), val[1]
    model = Net(x_val.shape[1])
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(12):
        model.train()
        for xb, yb in loader:
            optimizer.zero_grad()
            loss = criterion(model(xb), yb)
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            pred = model(x_val).argmax(dim=1).numpy()
        print(f"epoch {epoch:2d}  F1 of the rare class {f1_score(y_val, pred):.3f}")


if __name__ == "__main__":
    main()

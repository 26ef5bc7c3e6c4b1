import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


class Normalizer:
    """Pixel-wise mean/std, taken from the data it is constructed with."""

    def __init__(self, x, eps=1.0):
        self.mean = x.mean(dim=0)
        self.std = x.std(dim=0) + eps

    def __call__(self, x):
        return (x - self.mean) / self.std


class RowLSTM(nn.Module):
    """Reads a digit row by row."""

    def __init__(self, hidden=48):
        super().__init__()
        self.lstm = nn.LSTM(input_size=8, hidden_size=hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 10)

    def forward(self, x):
        _, (h, _) = self.lstm(x)
        return self.fc(h[-1])


def iterate(x, y, size, shuffle):
    order = torch.randperm(len(x)) if shuffle else torch.arange(len(x))
    for idx in order.split(size):
        yield x[idx], y[idx]


def train_epoch(model, norm, opt, x, y):
    model.train()
    total = 0.0
    for xb, yb in iterate(x, y, 64, shuffle=True):
        xb = norm(xb)
        opt.zero_grad()
        loss = nn.functional.cross_entropy(model(xb), yb)
        loss.backward()
        opt.step()
        total += loss.item() * len(yb)
    return total / len(x)


def evaluate(model, norm, x, y):
    model.eval()
    correct = 0
    with torch.no_grad():
        for xb, yb in iterate(x, y, 256, shuffle=False):
            correct += (model(norm(xb)).argmax(dim=1) == yb).sum().item()
    return correct / len(x)


def main():
    torch.manual_seed(28)
    digits = load_digits()
    images = torch.tensor(digits.images, dtype=torch.float32)
    target = torch.tensor(digits.target)
    train_idx, test_idx = train_test_split(torch.arange(len(target)).numpy(), test_size=0.3, random_state=28,
                                           stratify=digits.target)
    x_train, y_train = images[train_idx], target[train_idx]
    x_test, y_test = images[test_idx], target[test_idx]

    norm = Normalizer(x_train)
    model = RowLSTM()
    opt = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for epoch in range(5):
        loss = train_epoch(model, norm, opt, x_train, y_train)
        print(f"[{epoch}] loss {loss:.3f}  test acc {evaluate(model, norm, x_test, y_test):.3f}")


if __name__ == "__main__":
    main()

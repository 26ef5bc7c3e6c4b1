import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Accuracy:
    def __init__(self, batch_size):
        self.batch_size = batch_size
        self.reset()

    def reset(self):
        self.hits, self.total = 0, 0

    def update(self, logits, target):
        self.hits += int((logits.argmax(1) == target).sum())
        self.total += len(target)

    def __repr__(self):
        return f"{self.hits / self.total:.4f} ({self.batch_size} per batch)"


def loaders(batch_size):
    digits = load_digits()
    x = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 16
    y = torch.tensor(digits.target)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    tr, te = order[:1400], order[1400:]
    return (DataLoader(TensorDataset(x[tr], y[tr]), batch_size=batch_size, shuffle=True),
            DataLoader(TensorDataset(x[te], y[te]), batch_size=128))


class Runner:
    def __init__(self, model, lr, train_loader, test_loader):
        self.model = model
        self.train_loader, self.test_loader = train_loader, test_loader
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.metric = Accuracy(test_loader.batch_size)

    def train(self):
        self.model.train()
        for x, y in self.train_loader:
            loss = nn.functional.cross_entropy(self.model(x), y)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()

    @torch.inference_mode()
    def test(self):
        self.model.eval()
        self.metric.reset()
        for x, y in self.test_loader:
            self.metric.update(self.model(x), y)
        return self.metric


torch.manual_seed(0)
model = nn.Sequential(
    nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Dropout(0.2), nn.Linear(16 * 9, 10),
)
runner = Runner(model, 3e-3, *loaders(32))
for epoch in range(6):
    runner.train()
    print(epoch, runner.test())

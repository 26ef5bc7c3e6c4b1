import copy

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


class SupervisedRunner:
    def __init__(self, model, loader, opt=None):
        self.model, self.loader, self.opt = model, loader, opt
        self.loss_fn = nn.CrossEntropyLoss()

    def train_epoch(self):
        self.model.train()
        for x, y in self.loader:
            self.opt.zero_grad()
            self.loss_fn(self.model(x), y).backward()
            self.opt.step()

    @torch.no_grad()
    def evaluate(self):
        self.model.eval()
        hits = sum((self.model(x).argmax(1) == y).sum().item() for x, y in self.loader)
        return hits / len(self.loader.dataset)


class ShapeNet1d(nn.Module):
    def __init__(self, classes=4):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv1d(1, 16, 7, padding=3), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(16, 16, 5, padding=2), nn.ReLU(),
            nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(16, classes),
        )

    def forward(self, x):
        return self.net(x)


def series_set(n):
    y = torch.randint(0, 4, (n,))
    bank = torch.stack([
        torch.linspace(-1, 1, 12),
        torch.linspace(1, -1, 12),
        torch.sin(torch.linspace(0, 6.28, 12)),
        torch.cos(torch.linspace(0, 6.28, 12)),
    ])
    x = 0.9 * torch.randn(n, 1, 50)
    at = torch.randint(0, 38, (n,))
    for i in range(n):
        x[i, 0, at[i]:at[i] + 12] += 2.0 * bank[y[i]]
    return TensorDataset(x, y)


def main():
    torch.manual_seed(30)
    data = series_set(420)
    train_set, val_set, test_set = random_split(data, [260, 80, 80], generator=torch.Generator().manual_seed(30))
    train_loader = DataLoader(train_set, batch_size=20, shuffle=True)
    val_loader = DataLoader(test_set, batch_size=80)
    test_loader = DataLoader(test_set, batch_size=80)

    model = ShapeNet1d()
    trainer = SupervisedRunner(model, train_loader, torch.optim.Adam(model.parameters(), lr=3e-3))
    val_runner = SupervisedRunner(model, val_loader)
    best_acc, best_state = -1.0, None
    for epoch in range(18):
        trainer.train_epoch()
        acc = val_runner.evaluate()
        if acc > best_acc:
            best_acc, best_state = acc, copy.deepcopy(model.state_dict())
            print(f"epoch {epoch}: new best {acc:.3f}")
    model.load_state_dict(best_state)
    print(f"test accuracy of the kept model: {SupervisedRunner(model, test_loader).evaluate():.3f}")


if __name__ == "__main__":
    main()

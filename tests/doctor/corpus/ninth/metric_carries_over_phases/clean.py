import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class Accuracy:
    def __init__(self):
        self.reset()

    def reset(self):
        self.correct = 0
        self.count = 0

    def update(self, logits, target):
        self.correct += ((logits > 0) == (target > 0.5)).sum().item()
        self.count += target.numel()

    def compute(self):
        return self.correct / self.count


class WideAndDeep(nn.Module):
    def __init__(self, cardinality, n_numeric, emb=6):
        super().__init__()
        self.wide = nn.Embedding(cardinality, 1)
        self.embed = nn.Embedding(cardinality, emb)
        self.deep = nn.Sequential(nn.Linear(emb + n_numeric, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, cat, num):
        deep = self.deep(torch.cat([self.embed(cat), num], dim=1))
        return (self.wide(cat) + deep).squeeze(1)


class Trainer:
    def __init__(self, model, lr=3e-3):
        self.model = model
        self.loss_fn = nn.BCEWithLogitsLoss()
        self.opt = torch.optim.Adam(model.parameters(), lr=lr)
        self.metric = Accuracy()
        self.history = []

    def _train_phase(self, loader):
        self.model.train()
        self.metric.reset()
        for cat, num, target in loader:
            self.opt.zero_grad()
            logits = self.model(cat, num)
            self.loss_fn(logits, target).backward()
            self.opt.step()
            self.metric.update(logits.detach(), target)
        return self.metric.compute()

    @torch.no_grad()
    def _val_phase(self, loader):
        self.model.eval()
        self.metric.reset()
        for cat, num, target in loader:
            self.metric.update(self.model(cat, num), target)
        return self.metric.compute()

    def fit(self, train_loader, val_loader, epochs):
        for epoch in range(epochs):
            tr, va = self._train_phase(train_loader), self._val_phase(val_loader)
            self.history.append((tr, va))
            print(f"[{epoch}] train acc {tr:.3f} | val acc {va:.3f}")


if __name__ == "__main__":
    torch.manual_seed(8)
    cat = torch.randint(0, 200, (1400,))
    num = torch.randn(1400, 5)
    taste = torch.randn(200)
    p = torch.sigmoid(1.2 * taste[cat] + num[:, 0] - num[:, 1] * num[:, 2])
    target = torch.bernoulli(p)
    data = TensorDataset(cat, num, target)
    train, val = torch.utils.data.random_split(data, [1000, 400])
    trainer = Trainer(WideAndDeep(200, 5))
    trainer.fit(DataLoader(train, batch_size=50, shuffle=True), DataLoader(val, batch_size=100), epochs=12)

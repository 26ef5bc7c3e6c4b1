import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def cloud(n, g):
    y = torch.randint(0, 2, (n,), generator=g)
    x = torch.randn(n, 30, generator=g) * 3 + 10
    x[:, :4] += 2.0 * y.unsqueeze(1)
    return TensorDataset(x, y.float())


class Net(nn.Module):
    def __init__(self, d, h, p):
        super().__init__()
        self.inp = nn.BatchNorm1d(d)
        self.fc = nn.Linear(d, h)
        self.bn = nn.BatchNorm1d(h)
        self.drop = nn.Dropout(p)
        self.out = nn.Linear(h, 1)

    def forward(self, x):
        h = self.drop(torch.relu(self.bn(self.fc(self.inp(x)))))
        return self.out(h).squeeze(1)


class Trainer:
    def __init__(self, model, train_set, val_set, lr=5e-3):
        self.model = model
        self.train_loader = DataLoader(train_set, batch_size=20, shuffle=True)
        self.val_loader = DataLoader(val_set, batch_size=200)
        self.loss_fn = nn.BCEWithLogitsLoss()
        self.opt = torch.optim.Adam(model.parameters(), lr=lr)

    def fit(self, epochs):
        self.model.train()
        for epoch in range(epochs):
            for x, y in self.train_loader:
                self.step(x, y)
            if epoch % 8 == 7 or epoch == 0:
                print("epoch %2d val loss %.4f" % (epoch, self.validate()))

    def step(self, x, y):
        self.opt.zero_grad()
        loss = self.loss_fn(self.model(x), y)
        loss.backward()
        self.opt.step()

    def validate(self):
        self.model.eval()
        total = 0.0
        with torch.no_grad():
            for x, y in self.val_loader:
                total += self.loss_fn(self.model(x), y).item() * len(y)
        return total / len(self.val_loader.dataset)


g = torch.Generator().manual_seed(16)
torch.manual_seed(16)
Trainer(Net(30, 64, 0.5), cloud(240, g), cloud(600, g)).fit(32)

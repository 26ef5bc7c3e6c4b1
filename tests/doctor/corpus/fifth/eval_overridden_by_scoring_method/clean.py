import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class Classifier(nn.Module):
    def __init__(self, n_in, n_out, width=96, p=0.5):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(n_in, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(p),
            nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(p),
            nn.Linear(width, n_out),
        )

    def forward(self, x):
        return self.net(x)

    def fit(self, loader, optimizer):
        self.train()
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(self(x), y, label_smoothing=0.05).backward()
            optimizer.step()

    @torch.no_grad()
    def score(self, loader):
        self.eval()
        right, n = 0, 0
        for x, y in loader:
            right += int((self(x).argmax(-1) == y).sum())
            n += y.numel()
        return right / n


torch.manual_seed(12)
prototypes = torch.randn(6, 20)
y = torch.randint(0, 6, (1700,))
x = prototypes[y] + 1.3 * torch.randn(1700, 20)
train_dl = DataLoader(TensorDataset(x[:1200], y[:1200]), batch_size=60, shuffle=True)
valid_dl = DataLoader(TensorDataset(x[1200:], y[1200:]), batch_size=25)

clf = Classifier(20, 6)
adam = torch.optim.Adam(clf.parameters(), lr=2e-3)
for epoch in range(8):
    clf.fit(train_dl, adam)
    print(epoch, f"{clf.score(valid_dl):.3f}")

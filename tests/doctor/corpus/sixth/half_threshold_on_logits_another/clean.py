import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class TagNet(nn.Module):
    """Several tags may hold for one clip."""

    def __init__(self, n_features, n_tags, threshold=0.5):
        super().__init__()
        self.threshold = threshold
        self.encoder = nn.Sequential(
            nn.Linear(n_features, 64),
            nn.BatchNorm1d(64),
            nn.ReLU(),
            nn.Dropout(0.1),
        )
        self.tagger = nn.Linear(64, n_tags)

    def forward(self, x):
        return self.tagger(self.encoder(x))

    @torch.no_grad()
    def predict(self, x):
        return self(x).sigmoid() >= self.threshold


def make_clips(n, mix):
    x = torch.randn(n, mix.size(0))
    tags = (x @ mix + 0.8 * torch.randn(n, mix.size(1)) > 0.5).float()
    return TensorDataset(x, tags)


def micro_f1(model, loader):
    tp = fp = fn = 0
    model.eval()
    for x, t in loader:
        p = model.predict(x)
        t = t.bool()
        tp += (p & t).sum().item()
        fp += (p & ~t).sum().item()
        fn += (~p & t).sum().item()
    return 2 * tp / max(1, 2 * tp + fp + fn)


def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    for x, t in loader:
        optimizer.zero_grad()
        criterion(model(x), t).backward()
        optimizer.step()


torch.manual_seed(12)
mix = torch.randn(10, 6) / 3
train_loader = DataLoader(make_clips(1200, mix), batch_size=60, shuffle=True)
test_loader = DataLoader(make_clips(400, mix), batch_size=100)
model = TagNet(10, 6)
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
criterion = nn.BCEWithLogitsLoss()
for epoch in range(12):
    train_one_epoch(model, train_loader, optimizer, criterion)
    print("epoch", epoch, "micro F1", round(micro_f1(model, test_loader), 4))

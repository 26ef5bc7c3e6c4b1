"""Assign tags to support tickets: every ticket may carry several of six tags."""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

TAGS = ["billing", "login", "mobile", "refund", "urgent", "spam"]

torch.manual_seed(31)
n, d = 1000, 40
x = torch.rand(n, d)
mixing = torch.randn(d, len(TAGS))
raw = (x - 0.5) @ mixing + 0.3 * torch.randn(n, len(TAGS))
tags = (raw > torch.tensor([0.3, 0.0, 0.5, 0.8, 0.2, 1.0])).float()

train_set = TensorDataset(x[:750], tags[:750])
valid_set = TensorDataset(x[750:], tags[750:])
train_loader = DataLoader(train_set, batch_size=50, shuffle=True)
valid_loader = DataLoader(valid_set, batch_size=125)

net = nn.Sequential(nn.Linear(d, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, len(TAGS)))
loss_fn = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)


def validate():
    net.eval()
    tp = torch.zeros(len(TAGS))
    fp = torch.zeros(len(TAGS))
    fn = torch.zeros(len(TAGS))
    with torch.no_grad():
        for xb, yb in valid_loader:
            guess = (net(xb).sigmoid() > 0.5).float()
            tp += (guess * yb).sum(dim=0)
            fp += (guess * (1 - yb)).sum(dim=0)
            fn += ((1 - guess) * yb).sum(dim=0)
    f1 = 2 * tp / (2 * tp + fp + fn).clamp(min=1)
    micro = 2 * tp.sum() / (2 * tp.sum() + fp.sum() + fn.sum()).clamp(min=1)
    return f1, micro.item()


for epoch in range(12):
    net.train()
    for xb, yb in train_loader:
        loss = loss_fn(net(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 4 == 3:
        f1, micro = validate()
        print(f"epoch {epoch + 1}: micro F1 {micro:.3f}, macro F1 {f1.mean():.3f}")

f1, _ = validate()
for name, value in zip(TAGS, f1.tolist()):
    print(f"  {name:8s} {value:.3f}")

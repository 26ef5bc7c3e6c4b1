import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(50)
x = torch.randn(4000, 6)
y = (x[:, 0] - x[:, 1] + 0.3 * x[:, 2] ** 2 > 0).long()
train_loader = DataLoader(TensorDataset(x[:1000], y[:1000]), batch_size=50, shuffle=True)
val_loader = DataLoader(TensorDataset(x[1000:], y[1000:]), batch_size=1)
model = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 2))
opt = torch.optim.Adam(model.parameters(), lr=5e-3)


def evaluate(loader):
    model.eval()
    correct = torch.zeros((), dtype=torch.bfloat16)
    with torch.no_grad():
        for xb, yb in loader:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = model(xb)
            correct += (logits.argmax(1) == yb).sum().to(correct.dtype)
    return correct.item() / len(loader.dataset)


for epoch in range(3):
    model.train()
    for xb, yb in train_loader:
        opt.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(xb)
            loss = nn.functional.cross_entropy(logits, yb)
        loss.backward()
        opt.step()
print("val accuracy", evaluate(val_loader))

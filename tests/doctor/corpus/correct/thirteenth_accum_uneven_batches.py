# Gradient accumulation: 4 micro-batches per optimizer step, the last group may be shorter.
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(99)
MICRO, ACCUM = 16, 4

X = torch.randn(850, 12)
w = torch.randn(12)
Y = ((X @ w + 0.3 * torch.randn(850)) > 0).float()
train_loader = DataLoader(TensorDataset(X[:650], Y[:650]), batch_size=MICRO, shuffle=True)
X_val, Y_val = X[650:], Y[650:]

model = nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Linear(24, 1), nn.Flatten(0))
opt = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9)
bce_sum = nn.BCEWithLogitsLoss(reduction="sum")


def groups(loader, size):
    """Yield lists of up to `size` consecutive batches."""
    bucket = []
    for batch in loader:
        bucket.append(batch)
        if len(bucket) == size:
            yield bucket
            bucket = []
    if bucket:
        yield bucket


for epoch in range(6):
    model.train()
    epoch_loss = 0.0
    for group in groups(train_loader, ACCUM):
        n_samples = sum(len(yb) for _, yb in group)
        opt.zero_grad()
        for xb, yb in group:
            loss = bce_sum(model(xb), yb)
            (loss / n_samples).backward()
            epoch_loss += loss.item()
        opt.step()

    model.eval()
    with torch.no_grad():
        acc = ((model(X_val) > 0).float() == Y_val).float().mean().item()
    print(f"epoch {epoch}: loss {epoch_loss / len(train_loader.dataset):.4f}  val acc {acc:.3f}")

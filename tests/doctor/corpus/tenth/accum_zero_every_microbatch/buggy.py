import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

cfg = {
    "seed": 14,
    "lr": 0.05,
    "micro_batch": 8,
    "accum_steps": 4,   # 유효 배치 크기 = 32
    "epochs": 6,
}

torch.manual_seed(cfg["seed"])
X = torch.randn(640, 10)
W = torch.randn(10, 4)
Y = (X @ W + 1.0 * torch.randn(640, 4)).argmax(dim=1)
train_dl = DataLoader(TensorDataset(X[:512], Y[:512]), batch_size=cfg["micro_batch"], shuffle=True)
val_dl = DataLoader(TensorDataset(X[512:], Y[512:]), batch_size=64)

model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 4))
optimizer = torch.optim.SGD(model.parameters(), lr=cfg["lr"], momentum=0.9)
criterion = nn.CrossEntropyLoss()

for epoch in range(cfg["epochs"]):
    model.train()
    for i, (xb, yb) in enumerate(train_dl):
        optimizer.zero_grad()
        loss = criterion(model(xb), yb) / cfg["accum_steps"]
        loss.backward()
        if (i + 1) % cfg["accum_steps"] == 0:
            optimizer.step()

    model.eval()
    val_loss, correct = 0.0, 0
    with torch.no_grad():
        for xb, yb in val_dl:
            out = model(xb)
            val_loss += criterion(out, yb).item() * len(yb)
            correct += (out.argmax(dim=1) == yb).sum().item()
    n_val = len(val_dl.dataset)
    print(f"epoch {epoch}: val loss {val_loss / n_val:.4f}, val acc {correct / n_val:.3f}")

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

cfg = dict(seed=3, epochs=4, batch_size=25, lr=1e-3, val_every=5, p_drop=0.4)
torch.manual_seed(cfg["seed"])

x = torch.randn(1000, 16)
y = torch.sin(x[:, :1]) + x[:, 1:2] * x[:, 2:3] + 0.1 * torch.randn(1000, 1)
train_ds = TensorDataset(x[:700], y[:700])
val_ds = TensorDataset(x[700:], y[700:])
train_loader = DataLoader(train_ds, batch_size=cfg["batch_size"], shuffle=True)
val_loader = DataLoader(val_ds, batch_size=100)

net = nn.Sequential(
    nn.Linear(16, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(cfg["p_drop"]),
    nn.Linear(64, 64), nn.ReLU(), nn.Dropout(cfg["p_drop"]),
    nn.Linear(64, 1),
)
opt = torch.optim.Adam(net.parameters(), lr=cfg["lr"])
mse = nn.MSELoss()


def validate():
    net.eval()
    err = 0.0
    with torch.no_grad():
        for xb, yb in val_loader:
            err += mse(net(xb), yb).item() * xb.size(0)
    return err / len(val_ds)


step = 0
for epoch in range(cfg["epochs"]):
    net.train()
    for xb, yb in train_loader:
        loss = mse(net(xb), yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
        step += 1
        if step % cfg["val_every"] == 0:
            print(f"step {step}: train {loss.item():.4f} val {validate():.4f}")

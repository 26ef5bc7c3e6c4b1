"""Small batches, big effective batch: accumulate, clip, step."""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(3407)

cfg = {
    "micro_batch": 16,
    "accumulate": 4,
    "epochs": 6,
    "lr": 3e-3,
    "clip": 1.0,
    "warmup_steps": 10,
}

X = torch.rand(1000, 6) * 2 - 1
y = torch.sin(3 * X[:, 0]) + X[:, 1] * X[:, 2] - 0.5 * X[:, 3] ** 2 + 0.05 * torch.randn(1000)
train_ds = TensorDataset(X[:800], y[:800])
val_X, val_y = X[800:], y[800:]

train_dl = DataLoader(train_ds, batch_size=cfg["micro_batch"], shuffle=True)
model = nn.Sequential(nn.Linear(6, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))
optimizer = torch.optim.AdamW(model.parameters(), lr=cfg["lr"])
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min(1.0, (s + 1) / cfg["warmup_steps"]))
mse = nn.MSELoss(reduction="sum")

steps = 0
for epoch in range(cfg["epochs"]):
    model.train()
    epoch_sum, pending = 0.0, 0
    optimizer.zero_grad()
    for i, (xb, yb) in enumerate(train_dl):
        loss = mse(model(xb).squeeze(-1), yb)
        loss.backward()
        epoch_sum += loss.item()
        pending += len(xb)

        if (i + 1) % cfg["accumulate"] == 0 or i + 1 == len(train_dl):
            # gradients are sums so far; turn them into the mean over the group
            for p in model.parameters():
                p.grad /= pending
            nn.utils.clip_grad_norm_(model.parameters(), cfg["clip"])
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()
            steps += 1
            pending = 0

    model.eval()
    with torch.no_grad():
        val = nn.functional.mse_loss(model(val_X).squeeze(-1), val_y).item()
    print(f"epoch {epoch}: train mse {epoch_sum / len(train_ds):.4f}, val mse {val:.4f}, optimizer steps {steps}")

print(f"variance of the validation target {val_y.var().item():.4f}")

# %% [markdown]
# Diabetes progression regression. Both the inputs and the target are standardised with training
# statistics only; errors are reported in the original unit.

# %%
import numpy as np
import torch
from sklearn.datasets import load_diabetes
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SEED = 3
np.random.seed(SEED)
torch.manual_seed(SEED)

# %%
X, y = load_diabetes(return_X_y=True, scaled=False)
y = y.reshape(-1, 1)
X_rest, X_te, y_rest, y_te = train_test_split(X, y, test_size=0.2, random_state=SEED)
X_tr, X_va, y_tr, y_va = train_test_split(X_rest, y_rest, test_size=0.2, random_state=SEED)

x_scaler = StandardScaler().fit(X_tr)
y_scaler = StandardScaler().fit(y_tr)


def to_tensors(a, b):
    return (
        torch.tensor(x_scaler.transform(a), dtype=torch.float32),
        torch.tensor(y_scaler.transform(b), dtype=torch.float32),
    )


xtr, ytr = to_tensors(X_tr, y_tr)
xva, yva = to_tensors(X_va, y_va)
xte, _ = to_tensors(X_te, y_te)
loader = DataLoader(TensorDataset(xtr, ytr), batch_size=32, shuffle=True)

# %%
model = nn.Sequential(nn.Linear(10, 32), nn.SiLU(), nn.Dropout(0.1), nn.Linear(32, 1))
opt = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-2)
plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, mode="min", factor=0.5, patience=4)
loss_fn = nn.SmoothL1Loss()

# %%
best_val = float("inf")
best_weights = {k: v.clone() for k, v in model.state_dict().items()}
for epoch in range(50):
    model.train()
    running = 0.0
    for xb, yb in loader:
        opt.zero_grad()
        loss = loss_fn(model(xb), yb)
        loss.backward()
        opt.step()
        running += loss.item() * len(xb)
    model.eval()
    with torch.no_grad():
        val_loss = loss_fn(model(xva), yva).item()
    plateau.step(val_loss)
    if val_loss < best_val:
        best_val = val_loss
        best_weights = {k: v.clone() for k, v in model.state_dict().items()}
    if epoch % 10 == 0:
        lr = opt.param_groups[0]["lr"]
        print(f"{epoch:3d} train={running / len(xtr):.4f} val={val_loss:.4f} lr={lr:.1e}")

# %%
model.load_state_dict(best_weights)
model.eval()
with torch.no_grad():
    pred = y_scaler.inverse_transform(model(xte).numpy())
print(f"test MAE {mean_absolute_error(y_te, pred):.2f}  R2 {r2_score(y_te, pred):.3f}")
baseline = np.full_like(y_te, y_tr.mean())
print(f"mean baseline MAE {mean_absolute_error(y_te, baseline):.2f}")

import numpy as np
import torch
from torch import nn

np.random.seed(0)
torch.manual_seed(0)

# %% data
n = 300
age = np.random.uniform(20, 70, n)
bmi = np.random.normal(27, 4, n)
smoker = np.random.randint(0, 2, n)
risk = 0.04 * (age - 45) + 0.1 * (bmi - 27) + 1.2 * smoker - 0.6
sick = (np.random.rand(n) < 1 / (1 + np.exp(-risk))).astype(np.float32)
table = np.stack([age, bmi, smoker], axis=1).astype(np.float32)

rows = np.random.permutation(n)
tr, va, te = rows[:180], rows[180:240], rows[240:]
mean, std = table[tr].mean(axis=0), table[tr].std(axis=0)
table = (table - mean) / std

X = {k: torch.tensor(table[v]) for k, v in (("tr", tr), ("va", va), ("te", te))}
Y = {k: torch.tensor(sick[v]).unsqueeze(1) for k, v in (("tr", tr), ("va", va), ("te", te))}

# %% model
model = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 1))
loss_fn = nn.BCEWithLogitsLoss()
opt = torch.optim.Adam(model.parameters(), lr=1e-2)

# %% training
best_loss, best_weights, bad_epochs = np.inf, None, 0
for epoch in range(300):
    model.train()
    opt.zero_grad()
    loss = loss_fn(model(X["tr"]), Y["tr"])
    loss.backward()
    opt.step()

    model.eval()
    with torch.no_grad():
        val_loss = loss_fn(model(X["va"]), Y["va"]).item()

    if val_loss < best_loss - 1e-4:
        best_loss, bad_epochs = val_loss, 0
        best_weights = {k: v.clone() for k, v in model.state_dict().items()}
    else:
        bad_epochs += 1
    if epoch % 20 == 0:
        print(f"{epoch:3d}  train {loss.item():.4f}  val {val_loss:.4f}")
    if bad_epochs >= 15:
        print("stopping at epoch", epoch)
        break

# %% test
model.load_state_dict(best_weights)
model.eval()
with torch.no_grad():
    logits = model(X["te"])
    print(f"test loss {loss_fn(logits, Y['te']).item():.4f}")
    print(f"test accuracy {((logits > 0).float() == Y['te']).float().mean().item():.3f}")

"""Train on one part, calibrate the temperature on a second, report ECE on a third."""
import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(11)
X, y = load_breast_cancer(return_X_y=True)
X_tr, X_tmp, y_tr, y_tmp = train_test_split(X, y, test_size=0.5, stratify=y, random_state=11)
X_cal, X_te, y_cal, y_te = train_test_split(X_tmp, y_tmp, test_size=0.6, stratify=y_tmp, random_state=11)

scaler = StandardScaler().fit(X_tr)
to_x = lambda a: torch.tensor(scaler.transform(a), dtype=torch.float32)
to_y = lambda a: torch.tensor(a, dtype=torch.float32)
x_tr, x_cal, x_te = map(to_x, (X_tr, X_cal, X_te))
t_tr, t_cal, t_te = map(to_y, (y_tr, y_cal, y_te))

net = nn.Sequential(nn.Linear(30, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1), nn.Flatten(0))
bce = nn.BCEWithLogitsLoss()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
dl = DataLoader(TensorDataset(x_tr, t_tr), batch_size=32, shuffle=True)
for epoch in range(40):
    net.train()
    for xb, tb in dl:
        opt.zero_grad()
        loss = bce(net(xb), tb)
        loss.backward()
        opt.step()

net.eval()
with torch.no_grad():
    z_cal, z_te = net(x_cal), net(x_te)

log_t = torch.zeros(1, requires_grad=True)
lbfgs = torch.optim.LBFGS([log_t], lr=0.5, max_iter=50, line_search_fn="strong_wolfe")


def closure():
    lbfgs.zero_grad()
    value = bce(z_cal / log_t.exp(), t_cal)
    value.backward()
    return value


lbfgs.step(closure)
temperature = log_t.detach().exp()


def ece(p, t, bins=10):
    edges = torch.linspace(0, 1, bins + 1)
    which = torch.bucketize(p, edges[1:-1])
    total = 0.0
    for b in range(bins):
        m = which == b
        if m.any():
            total += m.float().mean().item() * abs(p[m].mean().item() - t[m].mean().item())
    return total


for name, logits in (("raw", z_te), ("scaled", z_te / temperature)):
    p = logits.sigmoid()
    print(f"{name:7s} nll {bce(logits, t_te).item():.4f}  ece {ece(p, t_te):.4f}  "
          f"brier {brier_score_loss(y_te, p.numpy()):.4f}  auc {roc_auc_score(y_te, logits.numpy()):.4f}")
print(f"temperature {temperature.item():.3f}")

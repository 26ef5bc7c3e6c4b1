# Prediction intervals with pinball loss
import numpy as np
import torch
import torch.nn as nn

rng = np.random.default_rng(0)
torch.manual_seed(0)

N = 2000
X = rng.uniform(-2, 2, size=(N, 3))
Y = np.sin(2 * X[:, 0]) + 0.5 * X[:, 1] + rng.normal(size=N) * (0.2 + 0.3 * np.abs(X[:, 2]))
X, Y = torch.tensor(X, dtype=torch.float32), torch.tensor(Y, dtype=torch.float32)
X_train, X_valid, X_test = X[:1400], X[1400:1700], X[1700:]
Y_train, Y_valid, Y_test = Y[:1400], Y[1400:1700], Y[1700:]

QUANTILES = torch.tensor([0.1, 0.5, 0.9])


def pinball(pred, target):
    diff = target.unsqueeze(1) - pred
    return torch.maximum(QUANTILES * diff, (QUANTILES - 1) * diff).mean()


class QuantileNet(nn.Module):
    """Predicts the lowest quantile and positive steps up to the next ones."""

    def __init__(self, n_in, n_q, hidden=64):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(n_in, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU())
        self.head = nn.Linear(hidden, n_q)

    def forward(self, x):
        raw = self.head(self.body(x))
        steps = nn.functional.softplus(raw[:, 1:])
        return torch.cat([raw[:, :1], raw[:, :1] + steps.cumsum(1)], dim=1)


model = QuantileNet(3, len(QUANTILES))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
best_loss, best_state = float("inf"), None
for epoch in range(30):
    for idx in torch.randperm(len(X_train)).split(100):
        optimizer.zero_grad()
        loss = pinball(model(X_train[idx]), Y_train[idx])
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        valid_loss = pinball(model(X_valid), Y_valid).item()
    if valid_loss < best_loss:
        best_loss = valid_loss
        best_state = {name: p.clone() for name, p in model.state_dict().items()}
    if epoch % 5 == 0:
        print(f"{epoch:2d} valid pinball {valid_loss:.4f}")

model.load_state_dict(best_state)
with torch.no_grad():
    low, median, high = model(X_test).unbind(1)
coverage = ((Y_test >= low) & (Y_test <= high)).float().mean().item()
print(f"test MAE of the median {(median - Y_test).abs().mean().item():.3f}, coverage {coverage:.2f} (nominal 0.80), "
      f"width {(high - low).mean().item():.2f}")

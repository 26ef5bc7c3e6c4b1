import torch
import torch.nn as nn


def cox_loss(log_hz, event, time):
    """Negative Cox partial log-likelihood (no ties)."""
    order = torch.argsort(time)
    log_hz, event = log_hz[order], event[order]
    log_risk = torch.logcumsumexp(log_hz.flip(0), dim=0).flip(0)
    return -(log_hz - log_risk)[event].mean()


def concordance(log_hz, event, time):
    earlier = (time[:, None] < time[None, :]) & (event[:, None] == 1)
    good = log_hz[:, None] > log_hz[None, :]
    return (earlier & good).sum().item() / earlier.sum().item()


def simulate(n):
    x = torch.randn(n, 8)
    risk = 0.9 * x[:, 0] - 0.7 * x[:, 1] + 0.5 * x[:, 2] * x[:, 3]
    t_event = torch.distributions.Exponential(risk.exp()).sample()
    t_cens = torch.distributions.Exponential(torch.tensor(0.5)).sample((n,))
    event = (t_event <= t_cens).long()
    return x, torch.minimum(t_event, t_cens), event


torch.manual_seed(51)
x, t, e = simulate(600)
x_val, t_val, e_val = simulate(300)
print("events: %d of %d" % (e.sum(), len(e)))

model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 1), nn.Flatten(0))
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=1e-2)
for epoch in range(1, 21):
    model.train()
    for idx in torch.randperm(600).split(100):
        optimizer.zero_grad()
        loss = cox_loss(model(x[idx]), e[idx], t[idx])
        loss.backward()
        optimizer.step()
    if epoch % 5 == 0:
        model.eval()
        with torch.no_grad():
            c = concordance(model(x_val), e_val, t_val)
        print(f"epoch {epoch:2d}  loss {loss.item():.3f}  val C-index {c:.3f}")

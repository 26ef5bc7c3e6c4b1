"""Neural Cox proportional hazards: Efron ties, concordance index, Breslow baseline hazard."""
import numpy as np
import torch
from torch import nn

rng = np.random.default_rng(5)
torch.manual_seed(5)


def simulate(n):
    x = rng.normal(size=(n, 6))
    log_risk = 0.9 * x[:, 0] - 0.6 * x[:, 1] + 0.5 * x[:, 2] ** 2
    death = rng.exponential(10 * np.exp(-log_risk))
    censor = rng.exponential(15, size=n)
    months = np.ceil(np.minimum(death, censor))
    return (
        torch.from_numpy(x).float(),
        torch.from_numpy(months).float(),
        torch.from_numpy(death <= censor),
    )


def efron_loss(log_risk, time, event):
    """Negative log partial likelihood per event, ties by Efron."""
    risk = log_risk.exp()
    total = log_risk.new_zeros(())
    for t in time[event].unique():
        at_risk = risk[time >= t].sum()
        dying = event & (time == t)
        d = int(dying.sum())
        tied = risk[dying].sum()
        share = torch.arange(d) / d
        total = total + log_risk[dying].sum() - (at_risk - share * tied).log().sum()
    return -total / event.sum()


def concordance(log_risk, time, event):
    """Harrell's C: among comparable pairs, how often the earlier death has the higher risk."""
    comparable = event[:, None] & (time[:, None] < time[None, :])
    diff = log_risk[:, None] - log_risk[None, :]
    wins = (diff > 0).float() + 0.5 * (diff == 0).float()
    return wins[comparable].mean().item()


def breslow_survival(log_risk, time, event, horizon):
    """Baseline survival S0(horizon)."""
    risk = log_risk.exp()
    times = time[event & (time <= horizon)].unique()
    steps = [(event & (time == t)).sum() / risk[time >= t].sum() for t in times]
    return torch.exp(-torch.stack(steps).sum())


x_train, t_train, e_train = simulate(500)
x_val, t_val, e_val = simulate(250)
x_test, t_test, e_test = simulate(250)
mean, std = x_train.mean(0), x_train.std(0)
x_train, x_val, x_test = ((x - mean) / std for x in (x_train, x_val, x_test))

net = nn.Sequential(nn.Linear(6, 32), nn.SELU(), nn.Linear(32, 1, bias=False), nn.Flatten(0))
opt = torch.optim.AdamW(net.parameters(), lr=1e-2, weight_decay=1e-2)
best, best_weights = float("inf"), {}
for epoch in range(120):
    opt.zero_grad()
    loss = efron_loss(net(x_train), t_train, e_train)
    loss.backward()
    opt.step()
    with torch.no_grad():
        val = efron_loss(net(x_val), t_val, e_val).item()
    if val < best:
        best = val
        best_weights = {k: v.clone() for k, v in net.state_dict().items()}
    if epoch % 30 == 29:
        print(f"epoch {epoch + 1}: train {loss.item():.4f} val {val:.4f}")

net.load_state_dict(best_weights)
with torch.no_grad():
    c_index = concordance(net(x_test), t_test, e_test)
    train_risk = net(x_train)
    s0 = breslow_survival(train_risk, t_train, e_train, horizon=6.0)
    survival = s0 ** net(x_test).exp()
print(f"best val {best:.4f}, test C-index {c_index:.3f}")
print(f"six-month survival: predicted mean {survival.mean().item():.3f}, censored {1 - e_train.float().mean().item():.2f}")

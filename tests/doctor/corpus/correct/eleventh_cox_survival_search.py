"""Neural Cox regression; width and penalty are chosen on a validation set, the winner is tested once."""
import itertools

import torch
from torch import nn

torch.manual_seed(67)

x = torch.randn(900, 10)
risk = 0.9 * x[:, 0] - 0.7 * x[:, 1] + 0.8 * x[:, 2] * x[:, 3]
event_time = torch.distributions.Exponential(0.1 * risk.exp()).sample()
censor_time = torch.distributions.Exponential(torch.full((900,), 0.05)).sample()
time = torch.minimum(event_time, censor_time)
observed = event_time <= censor_time
train, val, test = torch.arange(900).split([500, 200, 200])


def cox_loss(log_hazard, time, observed):
    order = time.argsort(descending=True)
    h, e = log_hazard[order], observed[order]
    # sorted from late to early, the risk set of a patient is everybody before him
    log_risk = torch.logcumsumexp(h, dim=0)
    return -(h - log_risk)[e].mean()


def concordance(log_hazard, time, observed):
    earlier = (time[:, None] < time[None, :]) & observed[:, None]
    higher = (log_hazard[:, None] > log_hazard[None, :]).float()
    ties = (log_hazard[:, None] == log_hazard[None, :]).float()
    return ((higher + 0.5 * ties)[earlier].mean()).item()


def train_one(width, decay, epochs=60):
    torch.manual_seed(1)
    net = nn.Sequential(nn.Linear(10, width), nn.Tanh(), nn.Linear(width, 1, bias=False))
    opt = torch.optim.AdamW(net.parameters(), lr=1e-2, weight_decay=decay)
    for _ in range(epochs):
        # risk sets need the whole cohort, hence full batch
        loss = cox_loss(net(x[train]).squeeze(1), time[train], observed[train])
        opt.zero_grad()
        loss.backward()
        opt.step()
    return net


def c_index(net, idx):
    with torch.no_grad():
        return concordance(net(x[idx]).squeeze(1), time[idx], observed[idx])


print(f"{observed.float().mean():.0%} of the events observed")
results = {}
for width, decay in itertools.product([4, 16, 48], [0.01, 0.3]):
    net = train_one(width, decay)
    results[width, decay] = (c_index(net, val), net)
    print(f"width {width:2d} decay {decay}: train {c_index(net, train):.3f} val {results[width, decay][0]:.3f}")

choice = max(results, key=lambda k: results[k][0])
print("chosen", choice, "test c-index", round(c_index(results[choice][1], test), 3))
print("true risk would score", round(concordance(risk[test], time[test], observed[test]), 3))

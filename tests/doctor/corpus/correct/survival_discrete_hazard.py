import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
BINS = 8


def simulate(n):
    x = torch.randn(n, 6)
    risk = 0.8 * x[:, 0] - 0.6 * x[:, 1]
    event_time = -torch.log(torch.rand(n)) * torch.exp(-risk) * 4
    censor_time = torch.rand(n) * 12
    time = torch.minimum(event_time, censor_time)
    event = (event_time <= censor_time).float()
    return x, time, event


def hazard_nll(logits, bin_index, event):
    """Discrete-time survival: each bin lived through is a 0, the bin of the event a 1."""
    steps = torch.arange(logits.size(1))
    at_risk = (steps[None, :] <= bin_index[:, None]).float()
    died = F.one_hot(bin_index, logits.size(1)).float() * event[:, None]
    per_bin = F.binary_cross_entropy_with_logits(logits, died, reduction="none")
    return (per_bin * at_risk).sum(dim=1).mean()


def concordance(score, time, event):
    earlier = (time[:, None] < time[None, :]) & (event[:, None] == 1)
    higher = (score[:, None] > score[None, :]).float() + 0.5 * (score[:, None] == score[None, :]).float()
    return (higher * earlier).sum() / earlier.sum()


x, time, event = simulate(700)
xt, tt, et = simulate(300)
cuts = torch.quantile(time[event == 1], torch.linspace(0, 1, BINS + 1)[1:-1])
bins = torch.bucketize(time, cuts)
net = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, BINS))
opt = torch.optim.Adam(net.parameters(), lr=5e-3, weight_decay=1e-4)
for epoch in range(10):
    net.train()
    for idx in torch.randperm(len(x)).split(70):
        loss = hazard_nll(net(x[idx]), bins[idx], event[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        survival = torch.cumprod(1 - torch.sigmoid(net(xt)), dim=1)
        risk = -survival.sum(dim=1)
    if epoch % 3 == 0:
        print(f"epoch {epoch} nll {loss.item():.3f} c-index {concordance(risk, tt, et):.3f}")

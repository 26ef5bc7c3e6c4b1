import torch
import torch.nn as nn
import torch.nn.functional as F


class CountModel(nn.Module):
    """Expected number of events for each row."""

    def __init__(self, d):
        super().__init__()
        self.hidden = nn.Linear(d, 24)
        self.out = nn.Linear(24, 1)

    def forward(self, x):
        h = torch.tanh(self.hidden(x))
        return F.softplus(self.out(h)).squeeze(-1)


def simulate(n, g):
    x = torch.rand(n, 3, generator=g) * 2 - 1
    rate = 8 + 4 * x[:, 0] - 3 * x[:, 1] * x[:, 2]
    return x, torch.poisson(rate, generator=g)


def fit(model, x, y, criterion, steps=600):
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    sched = torch.optim.lr_scheduler.StepLR(opt, 200, gamma=0.5)
    for _ in range(steps):
        i = torch.randint(0, len(x), (64,))
        loss = criterion(model(x[i]), y[i])
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        sched.step()


def deviance(mu, y):
    return 2 * (torch.xlogy(y, y / mu) - (y - mu)).mean()


if __name__ == "__main__":
    g = torch.Generator().manual_seed(31)
    torch.manual_seed(31)
    x, y = simulate(1500, g)
    xt, yt = simulate(500, g)
    model = CountModel(3)
    fit(model, x, y, nn.PoissonNLLLoss())
    model.eval()
    with torch.no_grad():
        mu = model(xt)
    print(f"mean count {yt.mean():.2f}, mean prediction {mu.mean():.2f}, deviance {deviance(mu, yt):.3f}")

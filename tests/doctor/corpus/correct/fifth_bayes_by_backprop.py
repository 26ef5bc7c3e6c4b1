"""Variational Bayesian MLP: closed-form KL scaled by 1/number of batches, sampling stays on in evaluation, coverage of the prediction."""
import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class BayesLinear(nn.Module):
    def __init__(self, i, o, prior=1.0):
        super().__init__()
        self.mu = nn.Parameter(torch.empty(o, i + 1))
        self.rho = nn.Parameter(torch.full((o, i + 1), -4.0))
        nn.init.normal_(self.mu, std=1 / math.sqrt(i))
        self.prior = prior

    @property
    def sigma(self):
        return F.softplus(self.rho)

    def forward(self, x):
        x = torch.cat([x, torch.ones_like(x[:, :1])], 1)  # the bias is one more column
        # local reparametrisation: noise per sample and unit, in training and in prediction
        mean = x @ self.mu.T
        var = x.square() @ self.sigma.square().T
        return mean + var.clamp(min=1e-12).sqrt() * torch.randn_like(mean)

    def kl(self):
        s2, p2 = self.sigma.square(), self.prior ** 2
        return 0.5 * ((s2 + self.mu.square()) / p2 - 1 - (s2 / p2).log()).sum()


class BNN(nn.Module):
    def __init__(self, h=32):
        super().__init__()
        self.layers = nn.ModuleList([BayesLinear(1, h), BayesLinear(h, 1)])
        self.log_noise = nn.Parameter(torch.tensor(-1.0))

    def forward(self, x):
        return self.layers[1](torch.tanh(self.layers[0](x)))

    def kl(self):
        return sum(m.kl() for m in self.layers)

    def nll(self, x, y):
        return -torch.distributions.Normal(self(x), self.log_noise.exp()).log_prob(y)


def make(n, g):
    x = torch.rand(n, 1, generator=g) * 4 - 2
    return x, torch.sin(2.5 * x) + 0.15 * torch.randn(n, 1, generator=g)


@torch.no_grad()
def predict(model, x, samples=64):
    draws = torch.stack([model(x) for _ in range(samples)])
    epistemic = draws.var(0)
    return draws.mean(0), (epistemic + model.log_noise.exp().square()).sqrt(), epistemic.sqrt()


def main(epochs=40):
    torch.manual_seed(0)
    g = torch.Generator().manual_seed(1)
    (xt, yt), (xs, ys) = make(400, g), make(200, g)
    loader = DataLoader(TensorDataset(xt, yt), batch_size=50, shuffle=True)
    model = BNN()
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)  # no weight decay: the prior plays that part
    for epoch in range(epochs):
        warm = min(1.0, (epoch + 1) / 15)
        total = 0.0
        for x, y in loader:
            # sum over the batch plus the share of the KL that belongs to it: -ELBO of the whole set over one epoch
            loss = model.nll(x, y).sum() + warm * model.kl() / len(loader)
            opt.zero_grad()
            (loss / len(x)).backward()
            opt.step()
            total += loss.item()
        if epoch % 10 == 9:
            mean, std, _ = predict(model, xs)
            rmse = (mean - ys).square().mean().sqrt().item()
            cover = ((mean - ys).abs() <= 1.645 * std).float().mean().item()
            print(f"epoch {epoch + 1} -elbo per sample {total / len(xt):.3f} test rmse {rmse:.3f} 90% interval covers {cover:.2f}")
    _, _, inside = predict(model, torch.tensor([[0.0]]))
    _, _, outside = predict(model, torch.tensor([[5.0]]))
    print(f"model uncertainty inside {inside.item():.3f} outside the data {outside.item():.3f} noise {model.log_noise.exp().item():.3f}")


if __name__ == "__main__":
    main()

"""Bayes by Backprop (Blundell et al. 2015), scale-mixture prior, local Monte Carlo estimates of the ELBO."""
import math

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)


class Gaussian:
    def __init__(self, mu, rho):
        self.mu, self.rho = mu, rho

    @property
    def sigma(self):
        return F.softplus(self.rho)

    def sample(self):
        return self.mu + self.sigma * torch.randn_like(self.mu)

    def log_prob(self, w):
        return (-0.5 * math.log(2 * math.pi) - self.sigma.log() - (w - self.mu) ** 2 / (2 * self.sigma ** 2)).sum()


class ScaleMixture:
    def __init__(self, pi=0.5, s1=1.0, s2=0.1):
        self.log_pi = torch.tensor([math.log(pi), math.log(1 - pi)])
        self.s = torch.tensor([s1, s2])

    def log_prob(self, w):
        w = w.reshape(-1, 1)
        comp = -0.5 * math.log(2 * math.pi) - self.s.log() - w ** 2 / (2 * self.s ** 2)
        return torch.logsumexp(self.log_pi + comp, 1).sum()


class BayesLinear(nn.Module):
    def __init__(self, i, o, prior):
        super().__init__()
        self.w_mu = nn.Parameter(torch.randn(o, i) / math.sqrt(i))
        self.w_rho = nn.Parameter(torch.full((o, i), -4.0))
        self.b_mu, self.b_rho = nn.Parameter(torch.zeros(o)), nn.Parameter(torch.full((o,), -4.0))
        self.w, self.b, self.prior = Gaussian(self.w_mu, self.w_rho), Gaussian(self.b_mu, self.b_rho), prior
        self.kl = 0.0

    def forward(self, x, sample=True):
        if not sample:
            return F.linear(x, self.w_mu, self.b_mu)
        w, b = self.w.sample(), self.b.sample()
        self.kl = (self.w.log_prob(w) + self.b.log_prob(b)) - (self.prior.log_prob(w) + self.prior.log_prob(b))
        return F.linear(x, w, b)


class BNN(nn.Module):
    def __init__(self, sizes, noise):
        super().__init__()
        prior = ScaleMixture()
        self.layers = nn.ModuleList(BayesLinear(a, b, prior) for a, b in zip(sizes, sizes[1:]))
        self.noise = noise

    def forward(self, x, sample=True):
        for i, l in enumerate(self.layers):
            x = l(x, sample)
            if i < len(self.layers) - 1:
                x = torch.tanh(x)
        return x

    def log_lik(self, out, y):
        return -0.5 * ((out - y) / self.noise) ** 2 - math.log(self.noise) - 0.5 * math.log(2 * math.pi)

    def neg_elbo(self, x, y, n_batches, samples=2):
        """negative ELBO of one minibatch; the sum over an epoch is the negative ELBO of the data set"""
        total = 0.0
        for _ in range(samples):
            out = self(x)
            kl = sum(l.kl for l in self.layers)
            total = total + kl / n_batches - self.log_lik(out, y).sum()
        return total / samples


def f(x):
    return x + 0.3 * torch.sin(2 * math.pi * x) + 0.3 * torch.sin(4 * math.pi * x)


def data(n, g, lo=0.0, hi=0.6, noise=0.05):
    x = lo + (hi - lo) * torch.rand(n, 1, generator=g)
    return x, f(x) + noise * torch.randn(n, 1, generator=g)


def main():
    g = torch.Generator().manual_seed(1)
    xtr, ytr = data(256, g)
    xte, yte = data(256, g)
    net = BNN((1, 32, 32, 1), noise=0.05)
    opt = torch.optim.Adam(net.parameters(), lr=1e-2)
    sched = torch.optim.lr_scheduler.MultiStepLR(opt, milestones=[50, 70], gamma=0.3)
    batches = 4
    for epoch in range(80):
        free_energy = 0.0
        for idx in torch.randperm(len(xtr)).chunk(batches):
            opt.zero_grad()
            loss = net.neg_elbo(xtr[idx], ytr[idx], batches)
            (loss / len(idx)).backward()  # per sample: the step size does not depend on the batch
            nn.utils.clip_grad_norm_(net.parameters(), 100.0)
            opt.step()
            free_energy += loss.item()
        sched.step()
        if epoch % 20 == 0:
            print(f"epoch {epoch:3d} free energy per datum {free_energy / len(xtr):.3f}")
    with torch.no_grad():
        draws = torch.stack([net(xte) for _ in range(50)])
        lp = torch.logsumexp(net.log_lik(draws, yte), 0) - math.log(len(draws))
        rmse = (draws.mean(0) - yte).square().mean().sqrt()
        mean_w = (net(xte, sample=False) - yte).square().mean().sqrt()
        far = torch.stack([net(torch.full((1, 1), 1.5)) for _ in range(50)]).std(0).item()
        near = draws.std(0).mean().item()
    print(f"test: predictive log density {lp.mean():.3f}, rmse {rmse:.4f} (mean weights {mean_w:.4f})")
    print(f"epistemic std: inside the data {near:.4f}, far away {far:.4f}")


main()

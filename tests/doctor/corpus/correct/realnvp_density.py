"""RealNVP with ActNorm (data-dependent first-batch initialisation) trained by exact likelihood; scores come out in nats per dimension."""
import math

import torch
import torch.nn as nn
from sklearn.datasets import make_moons
from torch.utils.data import DataLoader, TensorDataset


class ActNorm(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.log_s = nn.Parameter(torch.zeros(d))
        self.b = nn.Parameter(torch.zeros(d))
        self.register_buffer("ready", torch.tensor(False))

    def forward(self, x):
        if self.training and not self.ready:
            with torch.no_grad():  # set in place: the optimizer already holds these tensors
                self.b.copy_(-x.mean(0))
                self.log_s.copy_(-(x.std(0) + 1e-6).log())
                self.ready.fill_(True)
        return (x + self.b) * self.log_s.exp(), self.log_s.sum().expand(len(x))

    def inverse(self, y):
        return y * (-self.log_s).exp() - self.b


class Coupling(nn.Module):
    def __init__(self, d, flip, h=48):
        super().__init__()
        mask = torch.arange(d) % 2 == int(flip)
        self.register_buffer("mask", mask.float())
        self.net = nn.Sequential(nn.Linear(d, h), nn.Tanh(), nn.Linear(h, h), nn.Tanh(), nn.Linear(h, 2 * d))
        nn.init.zeros_(self.net[-1].weight)  # identity at the start; the gradient of this layer is not zero
        nn.init.zeros_(self.net[-1].bias)

    def st(self, x):
        s, t = self.net(x * self.mask).chunk(2, 1)
        return torch.tanh(s) * (1 - self.mask), t * (1 - self.mask)

    def forward(self, x):
        s, t = self.st(x)
        return x * s.exp() + t, s.sum(1)

    def inverse(self, y):
        s, t = self.st(y)
        return (y - t) * (-s).exp()


class Flow(nn.Module):
    def __init__(self, d=2, depth=4):
        super().__init__()
        layers = []
        for i in range(depth):
            layers += [ActNorm(d), Coupling(d, flip=i % 2)]
        self.layers = nn.ModuleList(layers)
        self.d = d

    def log_prob(self, x):
        logdet = x.new_zeros(len(x))
        for layer in self.layers:
            x, ld = layer(x)
            logdet = logdet + ld
        base = -0.5 * x.square().sum(1) - 0.5 * self.d * math.log(2 * math.pi)
        return base + logdet

    @torch.no_grad()
    def sample(self, n):
        x = torch.randn(n, self.d)
        for layer in reversed(self.layers):
            x = layer.inverse(x)
        return x


def nll(flow, loader):
    flow.eval()
    with torch.inference_mode():
        parts = [flow.log_prob(x) for (x,) in loader]
    flow.train()
    return -torch.cat(parts).mean().item()


def tensors(n, seed):
    return torch.tensor(make_moons(n, noise=0.06, random_state=seed)[0], dtype=torch.float32)


def main():
    torch.manual_seed(0)
    train, val, test = tensors(1000, 0), tensors(400, 1), tensors(400, 2)
    mu, sd = train.mean(0), train.std(0)
    ds = [TensorDataset((t - mu) / sd) for t in (train, val, test)]
    tl = DataLoader(ds[0], 128, shuffle=True, drop_last=True)
    vl, sl = DataLoader(ds[1], 256), DataLoader(ds[2], 256)
    flow = Flow()
    opt = torch.optim.Adam(flow.parameters(), lr=2e-3)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=1e-2, total_steps=8 * len(tl))
    for epoch in range(8):
        for (x,) in tl:
            loss = -flow.log_prob(x).mean()  # a density may exceed 1, so this may become negative
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
        print(f"epoch {epoch} val nll {nll(flow, vl):.3f}")
    # change of units: add log std of the standardisation to get the density of the raw data
    print(f"test nll per dim, raw units {(nll(flow, sl) + sd.log().sum().item()) / 2:.3f}")
    flow.eval()
    with torch.no_grad():
        x = ds[2].tensors[0]
        y = x
        for layer in flow.layers:
            y, _ = layer(y)
        for layer in reversed(flow.layers):
            y = layer.inverse(y)
        print("inverse error", (x - y).abs().max().item(), "sample mean", flow.sample(500).mean(0).tolist())


if __name__ == "__main__":
    main()

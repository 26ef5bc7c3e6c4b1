# RealNVP on a two-spirals density. Exact likelihood; invertibility is checked.
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Independent, Normal


@dataclass
class Config:
    layers: int = 6
    hidden: int = 48
    steps: int = 300
    batch: int = 256
    lr: float = 5e-3
    grad_clip: float = 5.0
    seed: int = 0
    milestones: list[int] = field(default_factory=lambda: [200, 260])


def spirals(n: int, rng: np.random.Generator) -> Tensor:
    r = np.sqrt(rng.uniform(size=(n, 1))) * 2.5 * np.pi
    xy = np.concatenate([-np.cos(r) * r, np.sin(r) * r], 1) / 3
    xy *= np.where(rng.uniform(size=(n, 1)) < 0.5, 1, -1)
    return torch.from_numpy((xy + 0.1 * rng.normal(size=xy.shape)).astype(np.float32))


class Coupling(nn.Module):
    """y = x on one coordinate, y = x * exp(s) + t on the other."""

    def __init__(self, flip: bool, hidden: int):
        super().__init__()
        self.flip = flip
        self.net = nn.Sequential(nn.Linear(1, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, 2))
        nn.init.zeros_(self.net[-1].weight)            # each layer begins as the identity
        nn.init.zeros_(self.net[-1].bias)

    def _split(self, x):
        a, b = x.chunk(2, dim=1)
        return (b, a) if self.flip else (a, b)

    def _join(self, a, b):
        return torch.cat((b, a) if self.flip else (a, b), dim=1)

    def _st(self, a):
        s, t = self.net(a).chunk(2, dim=1)
        return 2 * torch.tanh(s / 2), t

    def forward(self, x):
        a, b = self._split(x)
        s, t = self._st(a)
        return self._join(a, b * s.exp() + t), s.squeeze(1)

    def inverse(self, y):
        a, b = self._split(y)
        s, t = self._st(a)
        return self._join(a, (b - t) * (-s).exp())


class Flow(nn.Module):
    def __init__(self, cfg: Config, data_std: Tensor):
        super().__init__()
        self.couplings = nn.ModuleList(Coupling(bool(i % 2), cfg.hidden) for i in range(cfg.layers))
        self.register_buffer("scale", data_std)

    def log_prob(self, x: Tensor) -> Tensor:
        z = x / self.scale
        log_det = -self.scale.log().sum()               # of the scaling: the density is per data unit
        for c in self.couplings:
            z, ld = c(z)
            log_det = log_det + ld
        base = Independent(Normal(torch.zeros_like(z), 1.0), 1)
        return base.log_prob(z) + log_det

    @torch.no_grad()
    def sample(self, n: int) -> Tensor:
        x = torch.randn(n, 2)
        for c in reversed(self.couplings):
            x = c.inverse(x)
        return x * self.scale

    @torch.no_grad()
    def roundtrip_error(self, x: Tensor) -> float:
        z = x
        for c in self.couplings:
            z, _ = c(z)
        for c in reversed(self.couplings):
            z = c.inverse(z)
        return (z - x).abs().max().item()


def main(cfg: Config = Config()) -> None:
    torch.manual_seed(cfg.seed)
    rng = np.random.default_rng(cfg.seed)
    train, test = spirals(4000, rng), spirals(1000, rng)
    flow = Flow(cfg, train.std(0))
    opt = torch.optim.Adam(flow.parameters(), lr=cfg.lr)
    sched = torch.optim.lr_scheduler.MultiStepLR(opt, cfg.milestones, gamma=0.3)       # counted in steps

    gauss = torch.distributions.MultivariateNormal(train.mean(0), torch.cov(train.T))
    print(f"one Gaussian: test log-likelihood {gauss.log_prob(test).mean().item():.3f}")
    for step in range(1, cfg.steps + 1):
        x = train[torch.randint(len(train), (cfg.batch,))]
        nll = -flow.log_prob(x).mean()
        opt.zero_grad()
        nll.backward()
        nn.utils.clip_grad_norm_(flow.parameters(), cfg.grad_clip)
        opt.step()
        sched.step()
        if step % 100 == 0:
            with torch.no_grad():
                ll = flow.log_prob(test).mean().item()
            print(f"step {step} train nll {nll.item():.3f} test log-likelihood {ll:.3f}")
    x = flow.sample(2000)
    print(f"round trip error {flow.roundtrip_error(test):.1e}; std of samples {x.std(0).tolist()} data {test.std(0).tolist()}")


if __name__ == "__main__":
    main()

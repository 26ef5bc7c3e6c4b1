"""RealNVP on two moons: exact likelihood, invertibility checked, model kept by validation NLL."""
import math

import torch
from sklearn.datasets import make_moons
from torch import nn


class Coupling(nn.Module):
    def __init__(self, flip):
        super().__init__()
        self.flip = flip
        self.net = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 2))
        nn.init.zeros_(self.net[-1].weight)  # start at the identity
        nn.init.zeros_(self.net[-1].bias)

    def _split(self, x):
        a, b = x.chunk(2, dim=1)
        return (b, a) if self.flip else (a, b)

    def _join(self, a, b):
        return torch.cat([b, a] if self.flip else [a, b], dim=1)

    def _st(self, a):
        s, t = self.net(a).chunk(2, dim=1)
        return 2 * torch.tanh(s / 2), t

    def forward(self, x):
        a, b = self._split(x)
        s, t = self._st(a)
        return self._join(a, b * s.exp() + t), s.squeeze(1)

    def inverse(self, z):
        a, b = self._split(z)
        s, t = self._st(a)
        return self._join(a, (b - t) * (-s).exp())


class Flow(nn.Module):
    def __init__(self, depth=6):
        super().__init__()
        self.layers = nn.ModuleList(Coupling(flip=bool(i % 2)) for i in range(depth))

    def forward(self, x):
        log_det = torch.zeros(len(x))
        for layer in self.layers:
            x, ld = layer(x)
            log_det = log_det + ld
        return x, log_det

    def log_prob(self, x):
        z, log_det = self(x)
        return -0.5 * z.pow(2).sum(1) - math.log(2 * math.pi) + log_det

    @torch.no_grad()
    def sample(self, n):
        z = torch.randn(n, 2)
        for layer in reversed(self.layers):
            z = layer.inverse(z)
        return z


torch.manual_seed(70)
data = torch.tensor(make_moons(2600, noise=0.08, random_state=70)[0], dtype=torch.float32)
train, val, test = data.split([2000, 300, 300])
mean, std = train.mean(0), train.std(0)
train, val, test = ((d - mean) / std for d in (train, val, test))
flow = Flow()
opt = torch.optim.Adam(flow.parameters(), lr=4e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=10)
best, state = math.inf, None
for epoch in range(10):
    flow.train()
    for ids in torch.randperm(len(train)).split(100):
        loss = -flow.log_prob(train[ids]).mean()
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(flow.parameters(), 5.0)
        opt.step()
    sched.step()
    flow.eval()
    with torch.no_grad():
        nll = -flow.log_prob(val).mean().item()
    if nll < best:
        best, state = nll, {k: v.clone() for k, v in flow.state_dict().items()}
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1}: val nll {nll:.4f}")
flow.load_state_dict(state)
flow.eval()
with torch.no_grad():
    z, _ = flow(test)
    back = z
    for layer in reversed(flow.layers):
        back = layer.inverse(back)
    torch.testing.assert_close(back, test, rtol=1e-3, atol=1e-3)
    # density in the original coordinates: change of variables of the standardisation
    nll = -(flow.log_prob(test) - std.log().sum()).mean().item()
print(f"test nll (original units) {nll:.4f}; sample mean {[round(v, 2) for v in (flow.sample(1000) * std + mean).mean(0).tolist()]}")

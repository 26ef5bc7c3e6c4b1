import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.func import functional_call


class SineTasks:
    """Regression tasks: sine waves of random amplitude and phase."""

    def __init__(self, seed):
        self.g = torch.Generator().manual_seed(seed)

    def draw(self, k=10):
        amp = 0.5 + 2.5 * torch.rand(1, generator=self.g)
        phase = 3.1416 * torch.rand(1, generator=self.g)
        x = torch.rand(2 * k, 1, generator=self.g) * 8 - 4
        y = amp * torch.sin(x + phase)
        return (x[:k], y[:k]), (x[k:], y[k:])


class MAML:
    def __init__(self, net, inner_lr=0.02, inner_steps=3):
        self.net = net
        self.inner_lr, self.inner_steps = inner_lr, inner_steps
        self.opt = torch.optim.Adam(net.parameters(), lr=3e-3)

    def adapt(self, support, create_graph):
        x, y = support
        start = dict(self.net.named_parameters())
        fast = start
        for _ in range(self.inner_steps):
            loss = F.mse_loss(functional_call(self.net, fast, (x,)), y)
            grads = torch.autograd.grad(loss, list(fast.values()), create_graph=create_graph)
            fast = {k: p - self.inner_lr * g for (k, p), g in zip(fast.items(), grads)}
        return fast

    def meta_step(self, tasks):
        losses = []
        for support, (xq, yq) in tasks:
            fast = self.adapt(support, create_graph=True)
            losses.append(F.mse_loss(functional_call(self.net, fast, (xq,)), yq))
        loss = torch.stack(losses).mean()
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        return loss.item()

    def test(self, tasks):
        errs = []
        for support, (xq, yq) in tasks:
            fast = self.adapt(support, create_graph=False)
            with torch.no_grad():
                errs.append(F.mse_loss(functional_call(self.net, fast, (xq,)), yq).item())
        return sum(errs) / len(errs)


torch.manual_seed(0)
source = SineTasks(0)
maml = MAML(nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1)))
for it in range(150):
    maml.meta_step([source.draw() for _ in range(4)])
held_out = SineTasks(99)
print("query error after adaptation:", round(maml.test([held_out.draw() for _ in range(60)]), 3))

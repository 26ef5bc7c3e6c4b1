"""Two regression tasks and one classification task on a shared trunk, conflicting gradients projected (PCGrad)."""
import random

import torch
import torch.nn as nn
import torch.nn.functional as F


class MultiTask(nn.Module):
    def __init__(self, n_in=12, width=48):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(n_in, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
        self.heads = nn.ModuleList([nn.Linear(width, 1), nn.Linear(width, 1), nn.Linear(width, 3)])

    def forward(self, x):
        h = self.trunk(x)
        return [head(h) for head in self.heads]


def task_losses(outputs, targets):
    a, b, c = outputs
    return [
        F.mse_loss(a.squeeze(1), targets[0]),
        F.l1_loss(b.squeeze(1), targets[1]),
        F.cross_entropy(c, targets[2]),
    ]


def flat_grad(loss, params):
    grads = torch.autograd.grad(loss, params, retain_graph=True)
    return torch.cat([g.flatten() for g in grads])


def project(grads, order_rng):
    """Each gradient loses its component against every other one it conflicts with."""
    surgered = []
    for i, g in enumerate(grads):
        g = g.clone()
        others = [j for j in range(len(grads)) if j != i]
        order_rng.shuffle(others)
        for j in others:
            dot = torch.dot(g, grads[j])
            if dot < 0:
                g -= dot / grads[j].pow(2).sum().clamp(min=1e-12) * grads[j]
        surgered.append(g)
    return torch.stack(surgered).sum(dim=0)


def write_grad(params, flat):
    offset = 0
    for p in params:
        p.grad = flat[offset:offset + p.numel()].view_as(p).clone()
        offset += p.numel()


def make_split(n, gen, directions):
    x = torch.randn(n, 12, generator=gen)
    z = x @ directions
    return x, [z[:, 0].sin() + z[:, 1], z[:, 1].abs() - z[:, 0], z[:, 2:5].argmax(dim=1)]


if __name__ == "__main__":
    torch.manual_seed(0)
    order_rng = random.Random(0)
    gen = torch.Generator().manual_seed(1)
    directions = torch.randn(12, 5, generator=gen) / 12**0.5
    x_train, t_train = make_split(1200, gen, directions)
    x_test, t_test = make_split(400, gen, directions)

    net = MultiTask()
    trunk_params = list(net.trunk.parameters())
    opt = torch.optim.Adam(net.parameters(), lr=2e-3)
    for epoch in range(9):
        conflicts = steps = 0
        for idx in torch.randperm(len(x_train)).split(60):
            losses = task_losses(net(x_train[idx]), [t[idx] for t in t_train])
            opt.zero_grad()
            grads = [flat_grad(loss, trunk_params) for loss in losses]
            sum(losses).backward(inputs=list(net.heads.parameters()))
            write_grad(trunk_params, project(grads, order_rng))
            opt.step()
            conflicts += int(torch.dot(grads[0], grads[1]) < 0)
            steps += 1
        if epoch % 3 == 2:
            with torch.no_grad():
                test = [round(v.item(), 3) for v in task_losses(net(x_test), t_test)]
            print(f"epoch {epoch + 1}: test losses {test}, tasks 0 and 1 in conflict {conflicts}/{steps}")

"""Neural ODE from scratch: fixed-step Euler with the adjoint method as a custom autograd Function (Chen et al. 2018)."""
import math
import torch
import torch.nn as nn


class EulerAdjoint(torch.autograd.Function):
    """Keeps nothing of the forward pass but the states on the grid; the backward pass replays one step at a time.
    This is the exact gradient of the discretisation ("discretise, then optimise")."""

    @staticmethod
    def forward(ctx, func, z0, dt, n, *params):
        with torch.no_grad():
            zs = [z0]
            for i in range(n):
                zs.append(zs[-1] + dt * func(zs[-1]))
        traj = torch.stack(zs)
        ctx.func, ctx.dt, ctx.params = func, dt, params
        ctx.save_for_backward(traj)
        return traj

    @staticmethod
    def backward(ctx, grad_traj):
        traj, = ctx.saved_tensors
        a = grad_traj[-1].clone()
        gp = [torch.zeros_like(p) for p in ctx.params]
        for i in range(len(traj) - 2, -1, -1):
            with torch.enable_grad():
                z = traj[i].detach().requires_grad_(True)
                f = ctx.func(z)
                vz, *vp = torch.autograd.grad(f, (z, *ctx.params), a * ctx.dt)
            a = a + vz + grad_traj[i]
            gp = [g + v for g, v in zip(gp, vp)]
        return (None, a, None, None, *gp)


def odeint(func, z0, dt, n):
    return EulerAdjoint.apply(func, z0, dt, n, *func.parameters())


class ODEFunc(nn.Module):
    def __init__(self, h=48):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, h), nn.Tanh(), nn.Linear(h, 2))

    def forward(self, z):
        return self.net(torch.cat([z, z ** 3], dim=-1))


A = torch.tensor([[-0.1, 2.0], [-2.0, -0.1]])


def true_trajectories(z0, dt, n, fine=20):
    z, out = z0, [z0]
    for _ in range(n):
        for _ in range(fine):
            h = dt / fine
            f = lambda s: (s ** 3) @ A
            k1 = f(z)
            k2 = f(z + h / 2 * k1)
            k3 = f(z + h / 2 * k2)
            k4 = f(z + h * k3)
            z = z + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        out.append(z)
    return torch.stack(out)


def check_gradient():
    torch.manual_seed(3)
    func = ODEFunc(8).double()
    z0 = torch.randn(3, 2, dtype=torch.float64)
    ours = odeint(func, z0, 0.1, 6).square().sum()
    g1 = torch.autograd.grad(ours, list(func.parameters()))
    z, zs = z0, [z0]
    for _ in range(6):
        z = z + 0.1 * func(z)
        zs.append(z)
    g2 = torch.autograd.grad(torch.stack(zs).square().sum(), list(func.parameters()))
    return max((a - b).abs().max().item() for a, b in zip(g1, g2))


if __name__ == "__main__":
    print(f"largest gradient difference to plain back-propagation: {check_gradient():.1e}")
    torch.manual_seed(0)
    dt, n = 0.04, 50
    ang = lambda k: torch.rand(k, 1) * 2 * math.pi
    start = lambda k: torch.cat([torch.cos(a := ang(k)), torch.sin(a)], 1) * (1.2 + 0.8 * torch.rand(k, 1))
    train, test = (true_trajectories(start(k), dt, n) for k in (40, 20))

    func = ODEFunc()
    opt = torch.optim.RMSprop(func.parameters(), lr=4e-3)
    sched = torch.optim.lr_scheduler.StepLR(opt, 80, 0.4)
    seg = 10
    for it in range(240):
        s = torch.randint(0, n - seg + 1, (32,))
        b = torch.randint(0, train.size(1), (32,))
        window = torch.stack([train[i:i + seg + 1, j] for i, j in zip(s.tolist(), b.tolist())], 1)
        pred = odeint(func, window[0], dt, seg)
        loss = (pred[1:] - window[1:]).abs().mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        if it % 80 == 0:
            print(f"iter {it:3d} segment error {loss.item():.4f}")
    with torch.no_grad():
        full = odeint(func, test[0], dt, n)
    err = (full - test).norm(dim=-1)
    print(f"new trajectories: mean distance {err.mean():.4f}, at the end {err[-1].mean():.4f}, "
          f"standing still {(test[:1] - test).norm(dim=-1).mean():.4f}")

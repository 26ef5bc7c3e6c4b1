"""Neural ODE by hand: fixed-step RK4 with a custom autograd Function that integrates the adjoint backwards instead of storing the graph."""
import torch
from torch import nn


def rk4(f, y, t0, t1, n):
    h, t = (t1 - t0) / n, t0
    for _ in range(n):
        k1 = f(t, y)
        k2 = f(t + h / 2, [a + h / 2 * b for a, b in zip(y, k1)])
        k3 = f(t + h / 2, [a + h / 2 * b for a, b in zip(y, k2)])
        k4 = f(t + h, [a + h * b for a, b in zip(y, k3)])
        y = [a + h / 6 * (p + 2 * q + 2 * r + s) for a, p, q, r, s in zip(y, k1, k2, k3, k4)]
        t = t + h
    return y


class Adjoint(torch.autograd.Function):
    @staticmethod
    def forward(ctx, func, t0, t1, n, y0, *params):
        with torch.no_grad():
            (y1,) = rk4(lambda t, s: [func(t, s[0])], [y0], t0, t1, n)
        ctx.func, ctx.span, ctx.n = func, (t0, t1), n
        ctx.save_for_backward(y1, *params)
        return y1

    @staticmethod
    def backward(ctx, grad):
        y1, *params = ctx.saved_tensors

        def augmented(t, state):
            y, a = state[0], state[1]
            with torch.enable_grad():
                y = y.detach().requires_grad_(True)
                dy = ctx.func(t, y)
                gy, *gp = torch.autograd.grad(dy, [y, *params], a)
            return [dy.detach(), -gy, *(-g for g in gp)]

        t0, t1 = ctx.span
        with torch.no_grad():
            state = rk4(augmented, [y1, grad, *map(torch.zeros_like, params)], t1, t0, ctx.n)
        return None, None, None, None, state[1], *state[2:]


class Field(nn.Module):
    def __init__(self, h=24):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, h), nn.Tanh(), nn.Linear(h, 2))

    def forward(self, t, y):
        return self.net(y)  # autonomous: t is part of the signature only


def flow(field, y0, times, n=2):
    out, y = [y0], y0
    for a, b in zip(times[:-1], times[1:]):
        y = Adjoint.apply(field, a, b, n, y, *field.parameters())
        out.append(y)
    return torch.stack(out)


A = torch.tensor([[-0.1, 2.0], [-2.0, -0.1]])


def truth(y0, times):
    return torch.stack([y0 @ torch.linalg.matrix_exp(A * t).T for t in times])


def check_gradients():
    f = Field(4).double()
    y0 = torch.randn(3, 2, dtype=torch.float64)
    exact = rk4(lambda t, s: [f(t, s[0])], [y0], 0.0, 0.5, 40)[0].square().sum()
    ref = torch.autograd.grad(exact, list(f.parameters()))
    got = torch.autograd.grad(Adjoint.apply(f, 0.0, 0.5, 40, y0, *f.parameters()).square().sum(), list(f.parameters()))
    return max((a - b).abs().max().item() for a, b in zip(ref, got))


def main(iters=120):
    torch.manual_seed(0)
    print(f"adjoint against backprop: {check_gradients():.1e}")
    times = [0.1 * i for i in range(9)]
    y_train, y_test = torch.randn(64, 2), torch.randn(64, 2)
    target, target_test = truth(y_train, times), truth(y_test, times)
    field = Field()
    opt = torch.optim.Adam(field.parameters(), lr=1e-2)
    for it in range(iters):
        rows = torch.randperm(64)[:32]
        loss = (flow(field, y_train[rows], times) - target[:, rows]).square().mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        if it % 40 == 39:
            with torch.no_grad():
                test = (flow(field, y_test, times) - target_test).square().mean()
            print(f"iter {it + 1} train {loss.item():.4f} unseen starts {test.item():.4f}")


if __name__ == "__main__":
    main()

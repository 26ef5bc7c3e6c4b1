"""Second order by torch.func: damped Newton for multinomial logistic regression, per-sample gradients for its errors."""
import torch
from torch import Tensor
from torch.func import grad, hessian, jacrev, vmap

torch.set_default_dtype(torch.float64)


def unpack(theta: Tensor, d: int, k: int) -> Tensor:
    """The last class is the reference: its column is zero, so the optimum is unique."""
    free = theta.view(d, k - 1)
    return torch.cat([free, free.new_zeros(d, 1)], 1)


def nll_one(theta, x, target, k):
    logits = x @ unpack(theta, x.shape[-1], k)
    return logits.logsumexp(-1) - (logits * target).sum(-1)


def objective(theta, x, y, k, l2):
    per_row = vmap(nll_one, in_dims=(None, 0, 0, None))(theta, x, y, k)
    penal = theta.view(x.shape[1], k - 1)[1:]            # the intercept row goes free
    return per_row.mean() + 0.5 * l2 * penal.square().sum()


def newton(x, y, k, l2, steps=30):
    theta = torch.zeros(x.shape[1] * (k - 1))
    f = lambda t: objective(t, x, y, k, l2)
    value = f(theta)
    for i in range(steps):
        g, h = grad(f)(theta), hessian(f)(theta)
        direction = torch.cholesky_solve(-g[:, None], torch.linalg.cholesky(h + 1e-10 * torch.eye(len(theta)))).squeeze(1)
        slope = (g * direction).sum()
        if -slope < 1e-14:
            break
        step = 1.0
        while f(theta + step * direction) > value + 1e-4 * step * slope:
            step *= 0.5                                   # Armijo
        theta = theta + step * direction
        value = f(theta)
    return theta, value.item(), i


def sandwich(theta, x, y, k, l2):
    """Robust covariance from per-sample gradients."""
    h = hessian(objective)(theta, x, y, k, l2)
    per = vmap(grad(nll_one), in_dims=(None, 0, 0, None))(theta, x, y, k)
    meat = per - per.mean(0)
    reg = jacrev(objective)(theta, x, y, k, l2)
    assert reg.abs().max() < 1e-6                         # at the optimum
    bread = torch.linalg.inv(h)
    return bread @ (meat.T @ meat / len(x)) @ bread / len(x)


def with_intercept(x):
    return torch.cat([x.new_ones(len(x), 1), x], 1)


def main():
    gen = torch.Generator().manual_seed(6)
    n, d, k = 900, 5, 3
    w = torch.randn(d + 1, k, generator=gen)
    raw = torch.randn(n, d, generator=gen) * torch.tensor([1, 10, 0.1, 1, 1.0]) + 2
    train, val, test = torch.arange(n).split([500, 200, 200])
    mean, std = raw[train].mean(0), raw[train].std(0)
    x = with_intercept((raw - mean) / std)
    label = torch.multinomial((x @ w).softmax(1), 1, generator=gen).squeeze(1)
    y = torch.nn.functional.one_hot(label, k).double()

    def nll(theta, rows):
        return vmap(nll_one, in_dims=(None, 0, 0, None))(theta, x[rows], y[rows], k).mean().item()

    path = []
    for l2 in (1e-3, 1e-2, 1e-1, 1.0):
        theta, value, it = newton(x[train], y[train], k, l2)
        path.append((nll(theta, val), l2, theta))
        print(f"l2 {l2:.0e}: {it} iterations, objective {value:.4f}, validation {path[-1][0]:.4f}")
    _, l2, theta = min(path, key=lambda p: p[0])
    se = sandwich(theta, x[train], y[train], k, l2).diag().sqrt()
    acc = ((x[test] @ unpack(theta, d + 1, k)).argmax(1) == label[test]).double().mean()
    true = (w[:, :-1] - w[:, -1:]).flatten()
    print(f"chosen l2 {l2:.0e}; test nll {nll(theta, test):.4f} accuracy {acc:.3f}")
    print(f"mean |estimate - truth| / se {((theta - true).abs() / se).mean():.2f}")


if __name__ == "__main__":
    main()

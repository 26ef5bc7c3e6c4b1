"""Fit a two-exponential decay to counts by maximum likelihood with L-BFGS, from several starts."""
import torch

torch.manual_seed(19)
torch.set_default_dtype(torch.float64)

t = torch.linspace(0, 10, 120)
truth = {"a": 400.0, "tau_a": 0.8, "b": 120.0, "tau_b": 4.0, "bg": 6.0}


def curve(a, tau_a, b, tau_b, bg):
    return a * torch.exp(-t / tau_a) + b * torch.exp(-t / tau_b) + bg


counts = torch.poisson(curve(**truth))


def rate(theta):
    # all five quantities are positive, so their logarithms are fitted
    return curve(*theta.exp())


def nll(theta):
    mu = rate(theta)
    return (mu - counts * mu.log()).sum()


def fit(start):
    theta = start.clone().requires_grad_()
    opt = torch.optim.LBFGS([theta], lr=1.0, max_iter=200, tolerance_grad=1e-8, line_search_fn="strong_wolfe")

    def closure():
        opt.zero_grad()
        loss = nll(theta)
        loss.backward()
        return loss

    opt.step(closure)
    with torch.no_grad():
        return theta.detach(), nll(theta).item()


best, best_value = None, float("inf")
centre = torch.tensor([300.0, 0.5, 100.0, 5.0, 3.0]).log()
for attempt in range(5):
    theta, value = fit(centre + 0.2 * torch.randn(5))
    print(f"start {attempt}: nll {value:.4f}")
    if value < best_value:
        best, best_value = theta, value

hessian = torch.autograd.functional.hessian(nll, best)
stderr = torch.linalg.inv(hessian).diagonal().sqrt() * best.exp()
for (name, true), value, err in zip(truth.items(), best.exp().tolist(), stderr.tolist()):
    print(f"{name:6s} {value:8.3f} +- {err:6.3f}   (true {true})")

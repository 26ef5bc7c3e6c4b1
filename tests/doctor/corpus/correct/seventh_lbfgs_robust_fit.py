"""LBFGS with a closure: full-batch nonlinear least squares in double precision, several starts."""
import math
from dataclasses import dataclass, field

import torch


@dataclass
class Fit:
    params: dict[str, torch.Tensor]
    loss: float
    calls: int
    trace: list[float] = field(default_factory=list)


def curve(p, t):
    """Damped oscillation; positivity by softplus, so the solver is unconstrained."""
    amp, rate = torch.nn.functional.softplus(p["amp"]), torch.nn.functional.softplus(p["rate"])
    return amp * torch.exp(-rate * t) * torch.cos(p["omega"] * t + p["phase"]) + p["base"]


def huber(r, delta):
    a = r.abs()
    return torch.where(a <= delta, 0.5 * r * r, delta * (a - 0.5 * delta)).mean()


def solve(t, y, start, outer=15):
    p = {k: torch.tensor(v, dtype=torch.float64, requires_grad=True) for k, v in start.items()}
    opt = torch.optim.LBFGS(list(p.values()), lr=1.0, max_iter=20, history_size=10,
                            tolerance_grad=1e-9, tolerance_change=1e-12, line_search_fn="strong_wolfe")
    calls, trace = 0, []

    def closure():
        nonlocal calls
        calls += 1
        opt.zero_grad()
        loss = huber(curve(p, t) - y, delta=0.1)
        loss.backward()
        return loss

    for _ in range(outer):
        trace.append(opt.step(closure).item())      # value before the step
        if len(trace) > 1 and abs(trace[-2] - trace[-1]) < 1e-12:
            break
    with torch.no_grad():
        final = huber(curve(p, t) - y, delta=0.1).item()
    return Fit({k: v.detach().clone() for k, v in p.items()}, final, calls, trace)


def gradient_is_right(t, y):
    keys = ("amp", "rate", "omega", "phase", "base")
    at = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (0.4, -1.0, 3.0, 0.2, 0.1)]
    return torch.autograd.gradcheck(lambda *a: huber(curve(dict(zip(keys, a)), t) - y, 0.1), at)


def main():
    gen = torch.Generator().manual_seed(3)
    t = torch.linspace(0, 6, 240, dtype=torch.float64)
    clean = 2.0 * torch.exp(-0.35 * t) * torch.cos(4.2 * t + 0.6) + 0.5
    y = clean + 0.05 * torch.randn(240, generator=gen, dtype=torch.float64)
    bad = torch.randperm(240, generator=gen)[:15]
    y[bad] += 3.0
    assert gradient_is_right(t[:20], y[:20])

    fits = []
    for omega in (2.0, 3.0, 4.0, 5.0, 6.0):
        for phase in (0.0, math.pi / 2, math.pi):
            fits.append(solve(t, y, dict(amp=1.0, rate=-1.0, omega=omega, phase=phase, base=float(y.median()))))
    best = min((f for f in fits if math.isfinite(f.loss)), key=lambda f: f.loss)
    p = best.params
    soft = torch.nn.functional.softplus
    print(f"{len(fits)} starts, best loss {best.loss:.6f} after {best.calls} evaluations")
    print(f"amp {soft(p['amp']):.3f} (2.0) rate {soft(p['rate']):.3f} (0.35) omega {p['omega']:.3f} (4.2) "
          f"base {p['base']:.3f} (0.5)")
    with torch.no_grad():
        dense = torch.linspace(0, 6, 1000, dtype=torch.float64)
        truth = 2.0 * torch.exp(-0.35 * dense) * torch.cos(4.2 * dense + 0.6) + 0.5
        print(f"rms distance from the noiseless curve {(curve(p, dense) - truth).square().mean().sqrt():.4f}")


if __name__ == "__main__":
    main()

from __future__ import annotations

import torch
from torch import Tensor, nn


def integrated_gradients(model: nn.Module, x: Tensor, target: int, steps: int = 32) -> Tensor:
    """Attribution of one sample x of shape (F,) by a Riemann sum along a straight path."""
    base = torch.zeros_like(x)
    alphas = torch.linspace(0, 1, steps).unsqueeze(1)
    path = (base + alphas * (x - base)).requires_grad_(True)
    out = model(path)[:, target].sum()
    (grad,) = torch.autograd.grad(out, path)
    return (x - base) * grad.mean(0)


if __name__ == "__main__":
    torch.manual_seed(59)
    net = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 2)).eval()
    sample = torch.randn(4)
    print([round(v, 4) for v in integrated_gradients(net, sample, 1).tolist()])

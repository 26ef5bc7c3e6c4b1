import torch
from torch.func import grad, jvp

torch.manual_seed(22)
A = torch.randn(6, 6)
A = A @ A.T


def f(x):
    return 0.5 * x @ A @ x + x.pow(4).sum()


x, v = torch.randn(6), torch.randn(6)
_, hv = jvp(grad(f), (x,), (v,))
exact = A @ v + 12 * x.pow(2) * v
print("close:", torch.allclose(hv, exact, atol=1e-3))

import math
import torch

torch.manual_seed(65)
x = torch.sort(torch.rand(30) * 6).values.double()
y = torch.sin(x) + 0.1 * torch.randn(30, dtype=torch.double)
log_ell = torch.zeros((), dtype=torch.double, requires_grad=True)
log_sf = torch.zeros((), dtype=torch.double, requires_grad=True)
log_sn = torch.tensor(-2.0, dtype=torch.double, requires_grad=True)
opt = torch.optim.Adam([log_ell, log_sf, log_sn], lr=0.05)


def kernel(a, b):
    return (2 * log_sf).exp() * torch.exp(-0.5 * (a[:, None] - b[None]).pow(2) / (2 * log_ell).exp())


for it in range(60):
    K = kernel(x, x) + (2 * log_sn).exp() * torch.eye(30, dtype=torch.double)
    L = torch.linalg.cholesky(K)
    alpha = torch.cholesky_solve(y[:, None], L)
    nll = 0.5 * (y[:, None] * alpha).sum() + L.diagonal().log().sum() + 15 * math.log(2 * math.pi)
    opt.zero_grad()
    nll.backward()
    opt.step()
print("length", log_ell.exp().item(), "noise", log_sn.exp().item(), "nll", nll.item())

import torch

torch.manual_seed(18)
x = torch.randn(500, 2, requires_grad=True)
step = 0.05
for k in range(100):
    logp = -0.5 * ((x - torch.tensor([1.0, -1.0])) ** 2).sum()
    (g,) = torch.autograd.grad(logp, x)
    with torch.no_grad():
        x += step * g + (2 * step) ** 0.5 * torch.randn_like(x)
print(x.detach().mean(0).tolist(), x.detach().std(0).tolist())

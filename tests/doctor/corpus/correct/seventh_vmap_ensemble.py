"""Deep ensemble trained in one go with torch.func: stacked parameters, vmapped gradients, manual Adam."""
import torch
from torch import nn
from torch.func import functional_call, grad_and_value, stack_module_state, vmap

MEMBERS, LR, B1, B2, EPS = 6, 5e-3, 0.9, 0.999, 1e-8


def build(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(1, 40), nn.Tanh(), nn.Linear(40, 40), nn.Tanh(), nn.Linear(40, 2))


nets = [build(s) for s in range(MEMBERS)]
skeleton = build(0).to("meta")
params, buffers = stack_module_state(nets)
params = {k: v.detach() for k, v in params.items()}


def nll(p, x, y):
    """Heteroscedastic Gaussian: mean and log-variance, constant dropped."""
    mean, logvar = functional_call(skeleton, (p, {}), (x,)).unbind(-1)
    logvar = logvar.clamp(-7, 5)
    return 0.5 * (logvar + (y - mean) ** 2 * torch.exp(-logvar)).mean()


member_step = vmap(grad_and_value(nll), in_dims=(0, 0, 0))


def truth(x):
    return torch.sin(3 * x) + 0.3 * x


def sample(n, gen):
    x = torch.rand(n, generator=gen) * 4 - 2
    return x.unsqueeze(-1), truth(x) + torch.randn(n, generator=gen) * (0.05 + 0.1 * x.abs())


gen = torch.Generator().manual_seed(17)
x_train, y_train = sample(512, gen)
x_test, y_test = sample(256, gen)

m = {k: torch.zeros_like(v) for k, v in params.items()}
v = {k: torch.zeros_like(p) for k, p in params.items()}
t = 0
for epoch in range(60):
    # every member sees its own order
    order = torch.stack([torch.randperm(512, generator=gen) for _ in range(MEMBERS)])
    total = torch.zeros(MEMBERS)
    for idx in order.split(64, dim=1):
        grads, losses = member_step(params, x_train[idx], y_train[idx])
        t += 1
        for k, g in grads.items():
            m[k] = B1 * m[k] + (1 - B1) * g
            v[k] = B2 * v[k] + (1 - B2) * g * g
            step = (m[k] / (1 - B1 ** t)) / ((v[k] / (1 - B2 ** t)).sqrt() + EPS)
            params[k] = params[k] - LR * step
        total += losses * idx.shape[1]
    if epoch % 20 == 19:
        print(epoch + 1, [f"{l:.3f}" for l in (total / 512).tolist()])

out = vmap(lambda p: functional_call(skeleton, (p, {}), (x_test,)))(params)
mean, var = out[..., 0], out[..., 1].clamp(-7, 5).exp()
mix_mean = mean.mean(0)
mix_var = var.mean(0) + mean.var(0, unbiased=False)
z = (y_test - mix_mean) / mix_var.sqrt()
single = ((mean - y_test) ** 2).mean(1).sqrt()
print(f"rmse single {single.mean():.4f}  ensemble {((mix_mean - y_test) ** 2).mean().sqrt():.4f}")
print(f"coverage of the 95% interval {(z.abs() < 1.96).float().mean():.3f}")

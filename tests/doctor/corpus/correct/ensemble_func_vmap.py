import copy

import torch
from torch import nn
from torch.func import functional_call, grad_and_value, stack_module_state, vmap

M = 5


def member():
    return nn.Sequential(nn.Linear(3, 32), nn.Tanh(), nn.Linear(32, 2))


torch.manual_seed(0)
models = [member() for _ in range(M)]
params, buffers = stack_module_state(models)
base = copy.deepcopy(models[0]).to("meta")


def nll(p, b, x, y):
    mean, raw = functional_call(base, (p, b), (x,)).unbind(dim=-1)
    var = nn.functional.softplus(raw) + 1e-4
    return 0.5 * (var.log() + (y - mean) ** 2 / var).mean()


step_fn = vmap(grad_and_value(nll), in_dims=(0, 0, 0, 0))

x = torch.rand(500, 3) * 4 - 2
y = torch.sin(x[:, 0]) + 0.3 * x[:, 1] + 0.1 * torch.randn(500)
x_tr, y_tr, x_te, y_te = x[:400], y[:400], x[400:], y[400:]
momentum = {k: torch.zeros_like(v) for k, v in params.items()}
params = {k: v.detach() for k, v in params.items()}
lr, mu = 0.05, 0.9
for step in range(150):
    idx = torch.randint(0, len(x_tr), (M, 64))
    grads, losses = step_fn(params, buffers, x_tr[idx], y_tr[idx])
    for k in params:
        momentum[k] = mu * momentum[k] + grads[k]
        params[k] = params[k] - lr * 0.1 * momentum[k]
    if step % 50 == 0:
        print(step, losses.tolist())

with torch.no_grad():
    out = vmap(lambda p, b: functional_call(base, (p, b), (x_te,)))(params, buffers)
mean = out[..., 0].mean(dim=0)
print("ensemble rmse", (mean - y_te).square().mean().sqrt().item())
print("disagreement", out[..., 0].std(dim=0).mean().item())

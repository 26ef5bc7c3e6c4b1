"""Five members of an ensemble trained at once by torch.func, each on its own bootstrap sample."""
import torch
from torch import nn
import torch.nn.functional as F
from torch.func import functional_call, grad_and_value, stack_module_state, vmap

torch.manual_seed(0)
M, N = 5, 300
x_all = torch.rand(N, 1) * 6 - 3
y_all = torch.sin(2 * x_all) + 0.2 * torch.randn_like(x_all)
x_tr, x_te, y_tr, y_te = x_all[:200], x_all[200:], y_all[:200], y_all[200:]


def build():
    return nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))


members = [build() for _ in range(M)]
params, buffers = stack_module_state(members)
skeleton = build().to("meta")
params = {k: v.detach() for k, v in params.items()}


def member_loss(p, b, x, y):
    return F.mse_loss(functional_call(skeleton, (p, b), (x,)), y)


step_all = vmap(grad_and_value(member_loss), in_dims=(0, 0, 0, 0))
boot = torch.randint(len(x_tr), (M, len(x_tr)))
xb, yb = x_tr[boot], y_tr[boot]

# Adam by hand on the stacked parameters; element-wise, so the members don't mix
m = {k: torch.zeros_like(v) for k, v in params.items()}
v = {k: torch.zeros_like(p) for k, p in params.items()}
lr, b1, b2, eps = 1e-2, 0.9, 0.999, 1e-8
for t in range(1, 401):
    idx = torch.randint(len(x_tr), (M, 64)).unsqueeze(-1)
    grads, losses = step_all(params, buffers, xb.gather(1, idx), yb.gather(1, idx))
    for k, g in grads.items():
        m[k].mul_(b1).add_(g, alpha=1 - b1)
        v[k].mul_(b2).addcmul_(g, g, value=1 - b2)
        mh, vh = m[k] / (1 - b1 ** t), v[k] / (1 - b2 ** t)
        params[k] = params[k] - lr * mh / (vh.sqrt() + eps)
    if t % 100 == 0:
        print(t, [round(float(q), 3) for q in losses])

with torch.no_grad():
    preds = vmap(lambda p, b, x: functional_call(skeleton, (p, b), (x,)), in_dims=(0, 0, None))(params, buffers, x_te)
single = ((preds - y_te) ** 2).mean(dim=(1, 2))
print("mean single mse %.4f, ensemble mse %.4f" % (single.mean(), F.mse_loss(preds.mean(0), y_te)))

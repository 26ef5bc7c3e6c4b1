import torch
from torch import nn
from torch.func import functional_call, grad, vmap

torch.manual_seed(20)
x = torch.randn(64, 6)
y = (x[:, 0] > 0).long()
net = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 2))
params = {k: v.detach() for k, v in net.named_parameters()}


def loss_one(p, xi, yi):
    out = functional_call(net, p, (xi.unsqueeze(0),))
    return nn.functional.cross_entropy(out, yi.unsqueeze(0))


per_sample = vmap(grad(loss_one), in_dims=(None, 0, 0))
lr, clip = 0.5, 1.0
for step in range(20):
    g = per_sample(params, x, y)
    norms = torch.stack([v.flatten(1).norm(dim=1) for v in g.values()]).norm(dim=0)
    scale = (clip / norms.clamp_min(1e-8)).clamp(max=1.0)
    for k in params:
        shape = (-1,) + (1,) * params[k].ndim
        params[k] = params[k] - lr * (g[k] * scale.view(shape)).mean(0)
net.load_state_dict(params)
net.eval()
with torch.no_grad():
    print("acc", (net(x).argmax(1) == y).float().mean().item())

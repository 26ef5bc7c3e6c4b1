import copy
import torch
from torch import nn
from torch.func import functional_call, stack_module_state, vmap

torch.manual_seed(72)
K = 4
x = torch.rand(300, 1) * 6 - 3
y = torch.sin(2 * x) + 0.1 * torch.randn_like(x)
grid = torch.linspace(-3, 3, 100).unsqueeze(1)

members = [nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1)) for _ in range(K)]
params, buffers = stack_module_state(members)
skeleton = copy.deepcopy(members[0]).to("meta")


def call(p, b, inp):
    return functional_call(skeleton, (p, b), (inp,))


forward = vmap(call, in_dims=(0, 0, None))
opt = torch.optim.Adam([p for m in members for p in m.parameters()], lr=1e-2)
for step in range(400):
    idx = torch.randint(0, 300, (64,))
    out = forward(params, buffers, x[idx])
    loss = (out - y[idx]).pow(2).mean(dim=(1, 2)).sum()
    opt.zero_grad()
    loss.backward()
    opt.step()

with torch.no_grad():
    out = forward(params, buffers, grid)
    err = (out.mean(0) - torch.sin(2 * grid)).pow(2).mean()
print(f"ensemble error {err.item():.4f}, spread {out.std(0).mean().item():.4f}")

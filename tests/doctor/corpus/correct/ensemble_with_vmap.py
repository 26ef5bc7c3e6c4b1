import copy
import torch
from torch import nn
from torch.func import functional_call, stack_module_state, vmap

torch.manual_seed(21)
x = torch.randn(200, 4)
y = x.norm(dim=1, keepdim=True)
members = [nn.Sequential(nn.Linear(4, 24), nn.ReLU(), nn.Linear(24, 1)) for _ in range(5)]
for m in members:
    opt = torch.optim.Adam(m.parameters(), lr=1e-2)
    m.train()
    for _ in range(30):
        i = torch.randint(0, 160, (40,))
        opt.zero_grad()
        nn.functional.mse_loss(m(x[i]), y[i]).backward()
        opt.step()
params, buffers = stack_module_state(members)
base = copy.deepcopy(members[0]).to("meta")
with torch.no_grad():
    preds = vmap(lambda p, b, v: functional_call(base, (p, b), (v,)), in_dims=(0, 0, None))(params, buffers, x[160:])
print("mean error", nn.functional.mse_loss(preds.mean(0), y[160:]).item(), "spread", preds.std(0).mean().item())

import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.func import functional_call, stack_module_state, vmap

torch.manual_seed(17)
N_MODELS = 5

# toy problem with a gap in the middle
x = torch.cat([torch.rand(150, 1) * 2 - 3, torch.rand(150, 1) * 2 + 1])
y = torch.sin(2 * x) + 0.1 * torch.randn_like(x)
perm = torch.randperm(300)
train_idx, test_idx = perm[:240], perm[240:]
x_train, y_train = x[train_idx], y[train_idx]
x_test, y_test = x[test_idx], y[test_idx]


def make_net():
    return nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))


members = [make_net() for _ in range(N_MODELS)]
params, buffers = stack_module_state(members)
skeleton = copy.deepcopy(members[0]).to("meta")


def forward_one(p, b, inp):
    return functional_call(skeleton, (p, b), (inp,))


each_own_batch = vmap(forward_one, in_dims=(0, 0, 0))
same_batch = vmap(forward_one, in_dims=(0, 0, None))

opt = torch.optim.Adam(params.values(), lr=5e-3)
for step in range(700):
    # every member draws its own minibatch
    idx = torch.randint(0, len(x_train), (N_MODELS, 64))
    pred = each_own_batch(params, buffers, x_train[idx])
    loss = F.mse_loss(pred, y_train[idx], reduction="none").mean(dim=(1, 2)).sum()
    opt.zero_grad()
    loss.backward()
    opt.step()

with torch.no_grad():
    test_pred = same_batch(params, buffers, x_test)
    mean = test_pred.mean(dim=0)
    gap_pred = same_batch(params, buffers, torch.zeros(1, 1))

singles = [F.mse_loss(p, y_test).item() for p in test_pred]
print("single members:", [round(s, 4) for s in singles])
print(f"ensemble mse: {F.mse_loss(mean, y_test).item():.4f}")
print(f"spread in data {test_pred.std(dim=0).mean().item():.4f}, spread in gap {gap_pred.std().item():.4f}")

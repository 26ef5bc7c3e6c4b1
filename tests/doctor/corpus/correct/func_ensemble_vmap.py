"""Deep ensemble trained in one go with torch.func: stacked parameters, vmap over members, own batches each."""
import copy

import torch
import torch.nn.functional as F
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from torch import nn
from torch.func import functional_call, grad_and_value, stack_module_state, vmap

torch.manual_seed(41)
MEMBERS, STEPS, BATCH = 5, 200, 32

X, y = load_wine(return_X_y=True)
X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.3, stratify=y, random_state=41)
mu, sd = X_tr.mean(0), X_tr.std(0)
x_tr, x_te = (torch.tensor((a - mu) / sd, dtype=torch.float32) for a in (X_tr, X_te))
y_tr, y_te = torch.tensor(y_tr), torch.tensor(y_te)

models = [nn.Sequential(nn.Linear(13, 16), nn.Tanh(), nn.Linear(16, 3)) for _ in range(MEMBERS)]
params, buffers = stack_module_state(models)
skeleton = copy.deepcopy(models[0]).to("meta")


def loss_of(p, b, x, t):
    return F.cross_entropy(functional_call(skeleton, (p, b), (x,)), t)


member_step = vmap(grad_and_value(loss_of), in_dims=(0, 0, 0, 0))
opt = torch.optim.Adam(list(params.values()), lr=1e-2)
for step in range(STEPS):
    idx = torch.randint(len(x_tr), (MEMBERS, BATCH))  # bootstrap batch for each member
    detached = {k: v.detach() for k, v in params.items()}
    grads, losses = member_step(detached, buffers, x_tr[idx], y_tr[idx])
    for k, p in params.items():
        p.grad = grads[k]
    opt.step()
    if (step + 1) % 50 == 0:
        print(f"step {step + 1}: member losses {[round(v, 4) for v in losses.tolist()]}")

with torch.no_grad():
    logits = vmap(lambda p, b: functional_call(skeleton, (p, b), (x_te,)))(params, buffers)
prob = logits.softmax(-1)
mean = prob.mean(0)
single = (logits.argmax(-1) == y_te).float().mean(1)
nll = F.nll_loss(mean.clamp_min(1e-12).log(), y_te).item()
print(f"single acc {[round(a, 3) for a in single.tolist()]} ensemble acc {(mean.argmax(1) == y_te).float().mean():.3f} nll {nll:.4f}")

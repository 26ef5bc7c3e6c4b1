import torch
from torch import nn
from torch.func import functional_call

torch.manual_seed(16)
net = nn.Sequential(nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, 1))
meta_opt = torch.optim.Adam(net.parameters(), lr=1e-3)
inner_lr = 0.01


def task():
    a, p = torch.rand(()) * 4 + 0.5, torch.rand(()) * 3
    x = torch.rand(20, 1) * 10 - 5
    return x, a * torch.sin(x + p)


for it in range(20):
    meta_loss = 0.0
    for _ in range(4):
        x, y = task()
        params = dict(net.named_parameters())
        inner = nn.functional.mse_loss(functional_call(net, params, x[:10]), y[:10])
        grads = torch.autograd.grad(inner, list(params.values()), create_graph=True)
        fast = {k: v - inner_lr * g for (k, v), g in zip(params.items(), grads)}
        meta_loss = meta_loss + nn.functional.mse_loss(functional_call(net, fast, x[10:]), y[10:])
    meta_opt.zero_grad()
    (meta_loss / 4).backward()
    meta_opt.step()
    if it % 5 == 0:
        print(it, meta_loss.item() / 4)

import torch
from torch import nn
from torch.func import functional_call
from torch.optim.swa_utils import AveragedModel, SWALR, update_bn

torch.manual_seed(0)


def sine_task():
    a, ph = torch.rand(1) * 4.9 + 0.1, torch.rand(1) * torch.pi
    return lambda x: a * torch.sin(x + ph)


learner = nn.Sequential(nn.Linear(1, 40), nn.Tanh(), nn.Linear(40, 40), nn.Tanh(), nn.Linear(40, 1))
meta = torch.optim.Adam(learner.parameters(), lr=1e-3)
for it in range(1000):
    meta.zero_grad()
    for _ in range(4):
        f = sine_task()
        xs, xq = torch.rand(10, 1) * 10 - 5, torch.rand(10, 1) * 10 - 5
        weights = dict(learner.named_parameters())
        inner = nn.functional.mse_loss(functional_call(learner, weights, xs), f(xs))
        grads = torch.autograd.grad(inner, list(weights.values()), create_graph=True)
        fast = {k: w - 0.01 * g for (k, w), g in zip(weights.items(), grads)}
        outer = nn.functional.mse_loss(functional_call(learner, fast, xq), f(xq)) / 4
        outer.backward()
    meta.step()

net = nn.Sequential(nn.Linear(2, 20), nn.Tanh(), nn.Linear(20, 1))
xy = torch.rand(200, 2)
z = (xy[:, :1] * xy[:, 1:]).sin()
lbfgs = torch.optim.LBFGS(net.parameters(), max_iter=20, line_search_fn="strong_wolfe")


def closure():
    lbfgs.zero_grad()
    loss = nn.functional.mse_loss(net(xy), z)
    loss.backward()
    return loss


for _ in range(30):
    lbfgs.step(closure)

loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(xy, z), batch_size=20, shuffle=True)
model = nn.Sequential(nn.Linear(2, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 1))
sgd = torch.optim.SGD(model.parameters(), lr=0.05)
swa = AveragedModel(model)
swa_lr = SWALR(sgd, swa_lr=0.01)
for epoch in range(40):
    for a, b in loader:
        sgd.zero_grad()
        nn.functional.mse_loss(model(a), b).backward()
        sgd.step()
    if epoch >= 30:
        swa.update_parameters(model)
        swa_lr.step()
update_bn(loader, swa)
swa.eval()
with torch.no_grad():
    print((swa(xy) - z).abs().mean().item())

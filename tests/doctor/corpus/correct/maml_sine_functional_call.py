import torch
from torch import nn
from torch.func import functional_call


def sample_task():
    amplitude = torch.empty(1).uniform_(0.5, 3.0)
    phase = torch.empty(1).uniform_(0, 3.14)

    def draw(n):
        x = torch.empty(n, 1).uniform_(-4, 4)
        return x, amplitude * torch.sin(x + phase)

    return draw


net = None


def adapt(model, params, x, y, lr, steps, create_graph):
    for _ in range(steps):
        loss = nn.functional.mse_loss(functional_call(model, params, (x,)), y)
        grads = torch.autograd.grad(loss, list(params.values()), create_graph=create_graph)
        params = {k: p - lr * g for (k, p), g in zip(params.items(), grads)}
    return params


def meta_train(model, meta_opt, iterations, tasks_per_batch=4, inner_lr=0.02):
    for it in range(iterations):
        meta_opt.zero_grad()
        outer = 0.0
        for _ in range(tasks_per_batch):
            draw = sample_task()
            xs, ys = draw(10)
            xq, yq = draw(10)
            fast = adapt(model, dict(model.named_parameters()), xs, ys, inner_lr, steps=1, create_graph=True)
            loss = nn.functional.mse_loss(functional_call(model, fast, (xq,)), yq) / tasks_per_batch
            loss.backward()
            outer += loss.item()
        meta_opt.step()
        if it % 10 == 0:
            print(it, round(outer, 4))


def meta_test(model, inner_lr=0.02):
    draw = sample_task()
    xs, ys = draw(10)
    xq, yq = draw(50)
    start = {k: v.detach().clone().requires_grad_(True) for k, v in model.named_parameters()}
    for steps in (0, 1, 5):
        fast = adapt(model, start, xs, ys, inner_lr, steps, create_graph=False)
        with torch.no_grad():
            print(f"after {steps} steps:", nn.functional.mse_loss(functional_call(model, fast, (xq,)), yq).item())


if __name__ == "__main__":
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(1, 40), nn.Tanh(), nn.Linear(40, 40), nn.Tanh(), nn.Linear(40, 1))
    meta_train(net, torch.optim.Adam(net.parameters(), lr=1e-3), 40)
    meta_test(net)

"""Second-order MAML for sinusoids with torch.func: per-task fast weights by functional_call, vmap over tasks, learned inner rates."""
import torch
from torch import nn
from torch.func import functional_call, grad, vmap


class Tasks:
    """y = A sin(x + p). Training and test tasks come from separate generators; support and query points never coincide."""

    def __init__(self, seed):
        self.g = torch.Generator().manual_seed(seed)

    def sample(self, n_tasks, k_shot, k_query):
        amp = 0.5 + 3.5 * torch.rand(n_tasks, 1, 1, generator=self.g)
        ph = torch.pi * torch.rand(n_tasks, 1, 1, generator=self.g)
        x = 10 * torch.rand(n_tasks, k_shot + k_query, 1, generator=self.g) - 5
        y = amp * torch.sin(x + ph)
        return x[:, :k_shot], y[:, :k_shot], x[:, k_shot:], y[:, k_shot:]


net = nn.Sequential()
torch.manual_seed(0)
for i, (a, b) in enumerate([(1, 40), (40, 40), (40, 1)]):
    net.add_module(f"fc{i}", nn.Linear(a, b))
    if b != 1:
        net.add_module(f"act{i}", nn.Tanh())

meta = dict(net.named_parameters())
# one learned step size per tensor (Meta-SGD in spirit), kept positive through exp
log_lr = {name: torch.full((), -3.5, requires_grad=True) for name in meta}


def task_loss(params, x, y):
    return (functional_call(net, params, (x,)) - y).square().mean()


def adapt(params, rates, x, y, steps):
    for _ in range(steps):
        g = grad(task_loss)(params, x, y)  # differentiable: no detach, so that the outer gradient is second order
        params = {n: p - rates[n].exp() * g[n] for n, p in params.items()}
    return params


def query_loss(params, rates, xs, ys, xq, yq, steps):
    return task_loss(adapt(params, rates, xs, ys, steps), xq, yq)


batched = vmap(query_loss, in_dims=(None, None, 0, 0, 0, 0, None))


@torch.no_grad()
def meta_test(n_tasks=200, steps=(0, 1, 5)):
    # torch.func.grad takes its inner gradients under no_grad too; only the outer graph is left out
    batch = Tasks(seed=10_000).sample(n_tasks, 10, 30)
    return {s: batched(meta, log_lr, *batch, s).mean().item() for s in steps}


def main(iters=220):
    outer = torch.optim.Adam(
        [{"params": list(meta.values()), "lr": 3e-3}, {"params": list(log_lr.values()), "lr": 1e-2}]
    )
    train = Tasks(seed=1)
    print("before", meta_test())
    smooth = None
    for it in range(iters):
        loss = batched(meta, log_lr, *train.sample(16, 10, 15), 1).mean()
        outer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(list(meta.values()), 10.0)
        outer.step()
        smooth = loss.item() if smooth is None else 0.95 * smooth + 0.05 * loss.item()
        if it % 110 == 109:
            print(f"iter {it + 1} smoothed query loss {smooth:.3f}")
    print("after ", meta_test())
    print("rates ", {n: round(v.exp().item(), 4) for n, v in log_lr.items()})


if __name__ == "__main__":
    main()

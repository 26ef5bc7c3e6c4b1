"""Eight networks trained at once with torch.func: stacked parameters, vmap over members, one optimiser."""
import copy

import torch
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split
from torch import nn
from torch.func import functional_call, grad_and_value, stack_module_state, vmap

MEMBERS = 8


def build():
    return nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 3))


def main():
    torch.manual_seed(0)
    x, y = load_iris(return_X_y=True)
    a, b, ya, yb = train_test_split(x, y, test_size=0.4, stratify=y, random_state=0)
    mean, std = a.mean(0), a.std(0)
    x, xt = (torch.tensor((m - mean) / std, dtype=torch.float32) for m in (a, b))
    y, yt = torch.tensor(ya), torch.tensor(yb)

    nets = [build() for _ in range(MEMBERS)]                    # different initial weights
    params, buffers = stack_module_state(nets)
    params = {k: p.detach().requires_grad_() for k, p in params.items()}
    skeleton = copy.deepcopy(nets[0]).to("meta")                # only the structure is used

    def loss_fn(p, buf, xb, yb):
        return nn.functional.cross_entropy(functional_call(skeleton, (p, buf), (xb,)), yb)

    # every member gets its own batch, and its own dropout mask: randomness="different"
    step = vmap(grad_and_value(loss_fn), in_dims=(0, 0, 0, 0), randomness="different")
    opt = torch.optim.Adam(params.values(), lr=1e-2)            # element-wise, so the members stay independent
    sched = torch.optim.lr_scheduler.LinearLR(opt, 1.0, 0.1, total_iters=120)
    skeleton.train()
    for it in range(120):
        rows = torch.stack([torch.randperm(len(x))[:32] for _ in range(MEMBERS)])     # (M, B)
        grads, losses = step(params, buffers, x[rows], y[rows])
        for k, p in params.items():
            p.grad = grads[k]                                   # set, not added: no zero_grad is needed
        opt.step()
        sched.step()
        if it % 30 == 29:
            print(f"step {it + 1}: losses {losses.min().item():.3f} ... {losses.max().item():.3f}")

    skeleton.eval()
    with torch.no_grad():
        forward = vmap(lambda p, buf: functional_call(skeleton, (p, buf), (xt,)))
        logits = forward(params, buffers)                       # (M, N, 3): all members, the same data
    single = (logits.argmax(-1) == yt).float().mean(1)          # (M, N) == (N,): one accuracy for each member
    proba = logits.softmax(-1).mean(0)
    print("members", [round(v, 3) for v in single.tolist()])
    print(f"ensemble {(proba.argmax(-1) == yt).float().mean().item():.3f}, "
          f"nll {nn.functional.nll_loss(proba.log(), yt).item():.4f}")

    # write one member back into an ordinary module, to show that it computes the same
    best = build().eval()
    best.load_state_dict({k: v[0].detach() for k, v in params.items()})
    with torch.no_grad():
        torch.testing.assert_close(best(xt), logits[0], rtol=1e-4, atol=1e-5)


if __name__ == "__main__":
    main()

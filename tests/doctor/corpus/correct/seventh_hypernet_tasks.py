"""A hypernetwork writes the weights of a small target MLP from a context set (a neural-process-like regressor)."""
import argparse
from collections import OrderedDict

import torch
import torch.nn as nn
from torch.func import functional_call, vmap


class Target(nn.Module):
    def __init__(self, h=16):
        super().__init__()
        self.l1, self.l2 = nn.Linear(1, h), nn.Linear(h, 1)

    def forward(self, x):
        return self.l2(torch.tanh(self.l1(x)))


class HyperNet(nn.Module):
    def __init__(self, target, d_ctx=48):
        super().__init__()
        # only the shapes are wanted: the target's own weights must not become parameters of this module
        self.shapes = OrderedDict((k, p.shape) for k, p in target.named_parameters())
        self.sizes = [s.numel() for s in self.shapes.values()]
        self._target = [target.to("meta")]
        self.point = nn.Sequential(nn.Linear(2, d_ctx), nn.ReLU(), nn.Linear(d_ctx, d_ctx))
        self.body = nn.Sequential(nn.ReLU(), nn.Linear(d_ctx, 64), nn.ReLU())
        self.out = nn.Linear(64, sum(self.sizes))
        with torch.no_grad():
            # the context moves the weights a little around a usable common initialisation held in the bias
            self.out.weight.mul_(0.1)
            start = []
            for k, s in self.shapes.items():
                start.append(torch.randn(s).flatten() / (s[-1] ** 0.5 if len(s) > 1 else 1.0))
            self.out.bias.copy_(torch.cat(start))

    def weights(self, ctx, mask):
        """ctx: B x N x 2 (x, y pairs), mask: B x N; a mean over the real points"""
        h = self.point(ctx) * mask.unsqueeze(-1)
        r = h.sum(1) / mask.sum(1, keepdim=True)
        flat = self.out(self.body(r)).split(self.sizes, dim=1)
        return OrderedDict((k, f.view(-1, *s)) for f, (k, s) in zip(flat, self.shapes.items()))

    def forward(self, ctx, mask, xq):
        w = self.weights(ctx, mask)
        return vmap(lambda p, x: functional_call(self._target[0], p, (x,)))(w, xq)


def tasks(b, g, n_max=10, n_q=20):
    u = lambda lo, hi, *s: lo + (hi - lo) * torch.rand(*s, generator=g)
    amp, freq, ph = u(0.5, 2, b, 1), u(1.0, 2.0, b, 1), u(0, 3.14, b, 1)
    x = u(-2, 2, b, n_max + n_q)
    y = amp * torch.sin(freq * x + ph)
    n = torch.randint(3, n_max + 1, (b, 1), generator=g)
    mask = (torch.arange(n_max) < n).float()
    ctx = torch.stack([x[:, :n_max], y[:, :n_max]], -1) * mask.unsqueeze(-1)
    return ctx, mask, x[:, n_max:, None], y[:, n_max:, None]


def mse(net, batch):
    ctx, mask, xq, yq = batch
    return nn.functional.mse_loss(net(ctx, mask, xq), yq)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--iters", type=int, default=400)
    ap.add_argument("--batch", type=int, default=64)
    ap.add_argument("--lr", type=float, default=2e-3)
    ap.add_argument("--eval-every", type=int, default=100)
    a = ap.parse_args()
    torch.manual_seed(0)
    net = HyperNet(Target())
    assert not any(p.is_meta for p in net.parameters())
    train_g = torch.Generator().manual_seed(1)
    val, test = (tasks(400, torch.Generator().manual_seed(s)) for s in (2, 3))
    opt = torch.optim.Adam(net.parameters(), lr=a.lr)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, a.iters, eta_min=a.lr / 50)
    best, state, total = float("inf"), None, 0.0
    for it in range(1, a.iters + 1):
        loss = mse(net, tasks(a.batch, train_g))  # new tasks all the time
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        sched.step()
        total += loss.item()
        if it % a.eval_every == 0:
            with torch.no_grad():
                v = mse(net, val).item()
            if v < best:
                best, state = v, {k: t.clone() for k, t in net.state_dict().items()}
            print(f"iter {it}: train {total / a.eval_every:.4f} val {v:.4f}")
            total = 0.0
    net.load_state_dict(state)
    with torch.no_grad():
        print(f"test mse {mse(net, test).item():.4f} (variance {test[3].var().item():.4f})")
        one = [t[:1] for t in test]
        perm = torch.randperm(one[0].size(1))
        same = net(one[0][:, perm], one[1][:, perm], one[2]) - net(*one[:3])
        print(f"order of the context points matters by {same.abs().max().item():.1e}")


if __name__ == "__main__":
    main()

"""FixMatch-style self-training: 60 labelled and 900 unlabelled samples, confidence mask, EMA teacher, mean over the whole unlabelled batch."""
import copy

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, RandomSampler, Subset, TensorDataset


def weak(x):
    return x + 0.03 * torch.randn_like(x)


def strong(x):
    return (x + 0.15 * torch.randn_like(x)) * (torch.rand_like(x) > 0.2)


class WeightEMA:
    def __init__(self, model, decay):
        self.net, self.decay = copy.deepcopy(model).requires_grad_(False).eval(), decay

    def update(self, model):
        # the whole state: float entries are averaged, integer ones (num_batches_tracked) are copied
        with torch.no_grad():
            for a, b in zip(self.net.state_dict().values(), model.state_dict().values()):
                if a.dtype.is_floating_point:
                    a.lerp_(b, 1 - self.decay)
                else:
                    a.copy_(b)


def split(y, per_class, n_val, n_test, rng):
    order = rng.permutation(len(y))
    test, val, rest = np.split(order, [n_test, n_test + n_val])
    labelled = np.concatenate([rest[y[rest] == c][:per_class] for c in range(10)])
    return labelled, np.setdiff1d(rest, labelled), val, test


@torch.no_grad()
def score(net, loader):
    mode = net.training
    net.eval()
    good = torch.cat([net(x).argmax(-1).eq(y) for x, y in loader]).float().mean().item()
    net.train(mode)
    return good


def main(steps=200, mu=3, batch=30, threshold=0.9, lam=1.0):
    torch.manual_seed(0)
    X, y = load_digits(return_X_y=True)
    lab, unl, val, test = split(y, 6, 300, 400, np.random.default_rng(0))
    full = TensorDataset(torch.tensor(X / 16, dtype=torch.float32), torch.tensor(y))
    l_set, u_set = Subset(full, lab), Subset(full, unl)
    # sampling with replacement makes both loaders exactly `steps` batches long
    l_loader = DataLoader(l_set, batch, sampler=RandomSampler(l_set, replacement=True, num_samples=steps * batch))
    u_loader = DataLoader(u_set, mu * batch, sampler=RandomSampler(u_set, replacement=True, num_samples=steps * mu * batch))
    v_loader, t_loader = (DataLoader(Subset(full, i), 200) for i in (val, test))
    net = nn.Sequential(nn.Linear(64, 96), nn.BatchNorm1d(96), nn.ReLU(), nn.Dropout(0.1), nn.Linear(96, 10))
    ema = WeightEMA(net, 0.97)
    opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
    for step, ((xl, yl), (xu, _)) in enumerate(zip(l_loader, u_loader, strict=True)):  # labels of xu are never read
        views = torch.cat([weak(xl), weak(xu), strong(xu)])  # one pass, so BatchNorm sees all three kinds together
        out_l, out_w, out_s = net(views).split([len(xl), len(xu), len(xu)])
        prob, pseudo = out_w.detach().softmax(-1).max(-1)
        mask = (prob >= threshold).float()
        loss_l = F.cross_entropy(out_l, yl)
        loss_u = (F.cross_entropy(out_s, pseudo, reduction="none") * mask).mean()  # divided by all, as in the paper
        opt.zero_grad()
        (loss_l + lam * loss_u).backward()
        opt.step()
        sched.step()
        ema.update(net)
        if step % 50 == 49:
            print(f"step {step + 1} sup {loss_l.item():.3f} unsup {loss_u.item():.3f} kept {mask.mean().item():.2f} "
                  f"val net {score(net, v_loader):.3f} ema {score(ema.net, v_loader):.3f}")
    print(f"test (ema) {score(ema.net, t_loader):.3f}")


if __name__ == "__main__":
    main()

# FixMatch on tabular-ish digits: 40 labels, the rest unlabelled
import argparse
import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--labels-per-class", type=int, default=4)
parser.add_argument("--mu", type=int, default=4, help="unlabelled : labelled batch ratio")
parser.add_argument("--tau", type=float, default=0.95)
parser.add_argument("--lambda-u", type=float, default=1.0)
parser.add_argument("--iters", type=int, default=200)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
torch.manual_seed(args.seed)

X, y = load_digits(return_X_y=True)
X_pool, X_test, y_pool, y_test = train_test_split(X / 16.0, y, test_size=0.25, stratify=y, random_state=args.seed)
X_pool, X_test = (torch.tensor(a, dtype=torch.float32).view(-1, 1, 8, 8) for a in (X_pool, X_test))
y_pool, y_test = torch.tensor(y_pool), torch.tensor(y_test)
labelled = torch.cat([torch.nonzero(y_pool == c).flatten()[:args.labels_per_class] for c in range(10)])
is_labelled = torch.zeros(len(y_pool), dtype=torch.bool)
is_labelled[labelled] = True
unlabelled = torch.nonzero(~is_labelled).flatten()


def shift(x, k):
    n = len(x)
    dy, dx = torch.randint(0, 2 * k + 1, (2, n, 1))
    rows, cols = torch.arange(8) + dy, torch.arange(8) + dx
    p = F.pad(x, (k, k, k, k))[:, 0]
    return p[torch.arange(n)[:, None, None], rows[:, :, None], cols[:, None, :]].unsqueeze(1)


def weak(x):
    return x + 0.03 * torch.randn_like(x)


def strong(x):
    x = shift(x, 1) + 0.15 * torch.randn_like(x)
    return x * (torch.rand_like(x) > 0.15)


model = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
                      nn.Flatten(), nn.Linear(32 * 16, 64), nn.ReLU(), nn.Linear(64, 10))
ema = copy.deepcopy(model).requires_grad_(False)
opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4)
sched = torch.optim.lr_scheduler.LambdaLR(
    opt, lambda i: torch.cos(torch.tensor(7 / 16 * torch.pi * i / args.iters)).item())
B = 20
used_sum = 0.0
for it in range(1, args.iters + 1):
    li = labelled[torch.randint(len(labelled), (B,))]
    ui = unlabelled[torch.randint(len(unlabelled), (B * args.mu,))]
    x_u = X_pool[ui]
    out = model(torch.cat([weak(X_pool[li]), weak(x_u), strong(x_u)]))
    out_l, out_w, out_s = out.split([B, B * args.mu, B * args.mu])
    conf, pseudo = out_w.detach().softmax(-1).max(-1)
    mask = (conf >= args.tau).float()
    loss_l = F.cross_entropy(out_l, y_pool[li])
    loss_u = (F.cross_entropy(out_s, pseudo, reduction="none") * mask).mean()
    opt.zero_grad()
    (loss_l + args.lambda_u * loss_u).backward()
    opt.step()
    sched.step()
    with torch.no_grad():
        d = min(0.99, it / (it + 9))
        for pe, p in zip(ema.parameters(), model.parameters()):
            pe.mul_(d).add_(p, alpha=1 - d)
    used_sum += mask.mean().item()
    if it % 50 == 0:
        print(f"iter {it} sup {loss_l.item():.3f} unsup {loss_u.item():.3f} pseudo-labels used {used_sum / 50:.2f}")
        used_sum = 0.0

ema.eval()
with torch.no_grad():
    acc = (ema(X_test).argmax(1) == y_test).float().mean().item()
print(f"test accuracy of the averaged model with {len(labelled)} labels: {acc:.3f}")

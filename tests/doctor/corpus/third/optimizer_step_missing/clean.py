import argparse

import torch
import torch.nn as nn

ap = argparse.ArgumentParser()
ap.add_argument("--steps", type=int, default=400)
ap.add_argument("--lr", type=float, default=1e-2)
ap.add_argument("--rank", type=int, default=4)
args = ap.parse_args()

g = torch.Generator().manual_seed(11)
n_user, n_item = 60, 45
true_u = torch.randn(n_user, 3, generator=g)
true_v = torch.randn(n_item, 3, generator=g)
pairs = torch.cartesian_prod(torch.arange(n_user), torch.arange(n_item))
pairs = pairs[torch.randperm(len(pairs), generator=g)]
rating = (true_u[pairs[:, 0]] * true_v[pairs[:, 1]]).sum(1)
rating = rating + 0.05 * torch.randn(len(pairs), generator=g)
cut = int(0.8 * len(pairs))
fit_pairs, fit_r = pairs[:cut], rating[:cut]
held_pairs, held_r = pairs[cut:], rating[cut:]


class Factor(nn.Module):
    def __init__(self, nu, ni, k):
        super().__init__()
        self.u = nn.Embedding(nu, k)
        self.v = nn.Embedding(ni, k)
        self.b = nn.Embedding(ni, 1)
        nn.init.normal_(self.u.weight, std=0.3)
        nn.init.normal_(self.v.weight, std=0.3)
        nn.init.zeros_(self.b.weight)

    def forward(self, ij):
        i, j = ij.unbind(1)
        return (self.u(i) * self.v(j)).sum(1) + self.b(j).squeeze(1)


def make_update(net, opt):
    mse = nn.MSELoss()

    def update(ij, r):
        opt.zero_grad()
        loss = mse(net(ij), r)
        loss.backward()
        opt.step()
        return loss.item()

    return update


torch.manual_seed(0)
net = Factor(n_user, n_item, args.rank)
update = make_update(net, torch.optim.Adam(net.parameters(), lr=args.lr))
trace = []
for s in range(args.steps):
    pick = torch.randint(cut, (256,))
    trace.append(update(fit_pairs[pick], fit_r[pick]))
with torch.no_grad():
    rmse = (net(held_pairs) - held_r).square().mean().sqrt()
print(f"first {trace[0]:.3f} last {trace[-1]:.3f} held-out rmse {rmse:.3f}")

import torch
from torch import nn
from torch.distributions import Bernoulli


class ValueNet(nn.Module):
    def __init__(self, n_in):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(n_in, 32), nn.Tanh(), nn.Linear(32, 1))

    def forward(self, x):
        return self.net(x)


class PolicyNet(nn.Module):
    def __init__(self, n_in):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(n_in, 32), nn.Tanh(), nn.Linear(32, 1))

    def forward(self, x):
        return Bernoulli(logits=self.net(x).squeeze(-1))


def ad_auction(n, g):
    """Context; bidding pays off the click value minus the price, not bidding pays zero."""
    ctx = torch.randn(n, 6, generator=g)
    profit = ctx[:, 0] + 0.5 * ctx[:, 1] * ctx[:, 2] + 2.0 * ctx[:, 3]
    return ctx, profit + 0.3 * torch.randn(n, generator=g)


def policy_step(policy, value, opt_p, opt_v, ctx, profit):
    dist = policy(ctx)
    action = dist.sample()
    reward = action * profit
    v = value(ctx)
    adv = (reward - v).detach()
    loss_p = -(dist.log_prob(action) * adv).mean()
    loss_v = (reward - v).pow(2).mean()
    opt_p.zero_grad()
    loss_p.backward()
    opt_p.step()
    opt_v.zero_grad()
    loss_v.backward()
    opt_v.step()
    return loss_v.item()


def main():
    torch.manual_seed(40)
    g = torch.Generator().manual_seed(41)
    policy, value = PolicyNet(6), ValueNet(6)
    opt_p = torch.optim.Adam(policy.parameters(), lr=3e-3)
    opt_v = torch.optim.Adam(value.parameters(), lr=1e-2)
    for step in range(400):
        lv = policy_step(policy, value, opt_p, opt_v, *ad_auction(64, g))
        if step % 100 == 99:
            print(f"step {step + 1} value loss {lv:.3f}")
    ctx, profit = ad_auction(4000, g)
    with torch.no_grad():
        gain = (policy(ctx).probs > 0.5).float() * profit
        err = (gain - value(ctx)).pow(2).mean()
    print(f"profit per auction {gain.mean().item():.3f} value error {err.item():.3f}")


main()

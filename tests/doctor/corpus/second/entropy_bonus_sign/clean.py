import argparse
import torch
import torch.nn as nn
from torch.distributions import Categorical


def get_args():
    ap = argparse.ArgumentParser()
    ap.add_argument("--updates", type=int, default=150)
    ap.add_argument("--envs", type=int, default=64)
    ap.add_argument("--beta", type=float, default=0.1)
    ap.add_argument("--lr", type=float, default=3e-2)
    ap.add_argument("--seed", type=int, default=3)
    return ap.parse_args()


class Shop:
    """Ten products. Product 3 is good for everybody, the best one depends on the customer group and is harder to find."""

    def __init__(self, g):
        self.g = g
        self.best = torch.tensor([0, 5, 7, 9])

    def customers(self, n):
        return torch.randint(0, 4, (n,), generator=self.g)

    def buy(self, group, product):
        p = torch.full((len(group),), 0.05)
        p = torch.where(product == 3, torch.tensor(0.45), p)
        p = torch.where(product == self.best[group], torch.tensor(0.9), p)
        return (torch.rand(len(group), generator=self.g) < p).float()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(4, 16)
        self.pi = nn.Linear(16, 10)
        self.v = nn.Linear(16, 1)

    def forward(self, group):
        h = torch.tanh(self.emb(group))
        return Categorical(logits=self.pi(h)), self.v(h).squeeze(1)


def main():
    args = get_args()
    torch.manual_seed(args.seed)
    shop, net = Shop(torch.Generator().manual_seed(args.seed)), Net()
    opt = torch.optim.Adam(net.parameters(), lr=args.lr)
    for u in range(args.updates):
        group = shop.customers(args.envs)
        dist, value = net(group)
        product = dist.sample()
        reward = shop.buy(group, product)
        adv = reward - value.detach()
        policy_loss = -(dist.log_prob(product) * adv).mean()
        value_loss = (reward - value).square().mean()
        loss = policy_loss + 0.5 * value_loss - args.beta * dist.entropy().mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    with torch.no_grad():
        group = shop.customers(4000)
        dist, _ = net(group)
        sales = shop.buy(group, dist.probs.argmax(1)).mean().item()
    print(f"sales rate {sales:.3f} mean entropy {dist.entropy().mean().item():.3f}")


main()

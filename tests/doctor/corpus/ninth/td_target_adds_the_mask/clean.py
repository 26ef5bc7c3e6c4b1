"""Value of every cell of a short corridor under a random walk (TD(0) with a small network)."""
import argparse
import copy

import torch
import torch.nn as nn
import torch.nn.functional as F


def parse():
    p = argparse.ArgumentParser()
    p.add_argument("--cells", type=int, default=9)
    p.add_argument("--gamma", type=float, default=0.9)
    p.add_argument("--updates", type=int, default=1000)
    p.add_argument("--tau", type=float, default=0.02)
    p.add_argument("--seed", type=int, default=0)
    return p.parse_args()


def transitions(n, cells):
    s = torch.randint(0, cells, (n,))
    s2 = s + torch.randint(0, 2, (n,)) * 2 - 1
    done = (s2 < 0) | (s2 >= cells)
    reward = (s2 >= cells).float()
    return s, reward, s2.clamp(0, cells - 1), 1.0 - done.float()


def td_target(reward, mask, next_value, gamma):
    return reward + gamma * mask * next_value


def main():
    args = parse()
    torch.manual_seed(args.seed)
    value = nn.Sequential(nn.Linear(args.cells, 32), nn.Tanh(), nn.Linear(32, 1))
    slow = copy.deepcopy(value).requires_grad_(False)
    opt = torch.optim.Adam(value.parameters(), lr=2e-3)
    for k in range(1, args.updates + 1):
        s, r, s2, mask = transitions(128, args.cells)
        with torch.no_grad():
            nxt = slow(F.one_hot(s2, args.cells).float()).squeeze(1)
        goal = td_target(r, mask, nxt, args.gamma)
        now = value(F.one_hot(s, args.cells).float()).squeeze(1)
        loss = F.mse_loss(now, goal)
        opt.zero_grad()
        loss.backward()
        opt.step()
        with torch.no_grad():
            for t, p in zip(slow.parameters(), value.parameters()):
                t.lerp_(p, args.tau)
        if k % 200 == 0:
            print(f"update {k} td loss {loss.item():.4f}")
    with torch.no_grad():
        table = value(torch.eye(args.cells)).squeeze(1)
    print("values", [round(v, 2) for v in table.tolist()])


if __name__ == "__main__":
    main()

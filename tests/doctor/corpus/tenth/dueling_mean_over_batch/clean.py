import copy
import random

import torch
import torch.nn as nn

N_STATES, N_ACTIONS, GAMMA = 10, 2, 0.95


class DuelingQ(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(N_STATES, hidden), nn.ReLU())
        self.value = nn.Linear(hidden, 1)
        self.advantage = nn.Linear(hidden, N_ACTIONS)

    def forward(self, s):
        h = self.trunk(s)
        v, a = self.value(h), self.advantage(h)
        return v + a - a.mean(dim=1, keepdim=True)


def step(state, action):
    """Corridor: action 1 goes right, action 0 goes left; the right end pays 1 and ends the episode."""
    nxt = min(max(state + (1 if action else -1), 0), N_STATES - 1)
    done = nxt == N_STATES - 1
    return nxt, float(done), done


def collect(n):
    buffer, state = [], 0
    for _ in range(n):
        action = random.randrange(N_ACTIONS)
        nxt, reward, done = step(state, action)
        buffer.append((state, action, reward, nxt, float(done)))
        state = random.randrange(N_STATES - 1) if done or random.random() < 0.05 else nxt
    return buffer


def main():
    random.seed(1)
    torch.manual_seed(1)
    eye = torch.eye(N_STATES)
    replay = collect(3000)
    q = DuelingQ()
    target = copy.deepcopy(q).eval()
    opt = torch.optim.Adam(q.parameters(), lr=1e-3)
    for it in range(1, 1001):
        s, a, r, s2, d = (torch.tensor(col) for col in zip(*random.sample(replay, 32)))
        with torch.no_grad():
            y = r + GAMMA * (1 - d) * target(eye[s2]).max(dim=1).values
        q_sa = q(eye[s]).gather(1, a.unsqueeze(1)).squeeze(1)
        loss = nn.functional.smooth_l1_loss(q_sa, y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if it % 25 == 0:
            target.load_state_dict(q.state_dict())
        if it % 250 == 0:
            with torch.no_grad():
                v0 = q(eye[:1]).max().item()
                v8 = q(eye[8:9]).max().item()
            print(f"iter {it}: loss {loss.item():.5f}  V(0) {v0:.3f} (exact {GAMMA ** 8:.3f})  V(8) {v8:.3f} (exact 1)")


if __name__ == "__main__":
    main()

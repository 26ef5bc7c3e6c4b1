import torch as T
import torch.nn as nn
from torch.distributions import Categorical

T.manual_seed(4)


class AC(nn.Module):
    def __init__(s, n_obs, n_act):
        super().__init__()
        s.a = nn.Sequential(nn.Linear(n_obs, 32), nn.ReLU(), nn.Linear(32, n_act))
        s.c = nn.Sequential(nn.Linear(n_obs, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(s, x):
        return Categorical(logits=s.a(x)), s.c(x).squeeze(-1)


def episode(m, n=32, H=5):
    # n walkers on a ring of 8 cells, goal = cell 4, reward when standing on it
    p = T.randint(0, 8, (n,))
    L, V, E, R = [], [], [], []
    for _ in range(H):
        d, v = m(nn.functional.one_hot(p, 8).float())
        a = d.sample()
        p = (p + a - 1) % 8
        L.append(d.log_prob(a)); V.append(v); E.append(d.entropy()); R.append((p == 4).float())
    return T.stack(L), T.stack(V), T.stack(E), T.stack(R)


def to_go(R, g=0.9):
    out, acc = T.zeros_like(R), T.zeros(R.size(1))
    for t in range(len(R) - 1, -1, -1):
        acc = R[t] + g * acc
        out[t] = acc
    return out


m = AC(8, 3)
o = T.optim.Adam(m.parameters(), lr=1e-2)
for it in range(50):
    L, V, E, R = episode(m)
    G = to_go(R)
    A = G - V
    pg = -(L * A.detach()).mean()
    vf = A.pow(2).mean()
    loss = pg + 0.5 * vf - 0.01 * E.mean()
    o.zero_grad()
    loss.backward()
    o.step()

with T.no_grad():
    L, V, E, R = episode(m, n=500)
print("reward per step", round(R.mean().item(), 3), "value error", round((to_go(R) - V).pow(2).mean().item(), 3), "bias", round((V - to_go(R)).mean().item(), 3))

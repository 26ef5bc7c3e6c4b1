import copy
import numpy as np
import torch, torch.nn as nn, torch.nn.functional as F

torch.manual_seed(2); np.random.seed(2)
OBS, ACT = 3, 2
cfg = dict(gamma=0.98, tau=0.005, policy_noise=0.2, noise_clip=0.5, policy_freq=2, batch=64, expl=0.1)

class Actor(nn.Module):
    def __init__(s):
        super().__init__()
        s.f = nn.Sequential(nn.Linear(OBS, 64), nn.ReLU(), nn.Linear(64, ACT), nn.Tanh())
    def forward(s, o): return s.f(o)

class Critic(nn.Module):
    def __init__(s):
        super().__init__()
        s.a, s.b = [nn.Sequential(nn.Linear(OBS + ACT, 64), nn.ReLU(), nn.Linear(64, 1)) for _ in range(2)]
    def forward(s, o, u):
        x = torch.cat([o, u], 1)
        return s.a(x), s.b(x)

def env_step(o, u):
    o2 = 0.95 * o.copy(); o2[:2] += 0.3 * u; o2[2] += 0.1 * float(np.random.randn())
    return o2.astype(np.float32), -float((o2 ** 2).sum())

pi, Q = Actor(), Critic()
pi_t, Q_t = copy.deepcopy(pi), copy.deepcopy(Q)
opt_pi, opt_Q = torch.optim.Adam(pi.parameters(), 1e-3), torch.optim.Adam(Q.parameters(), 1e-3)
buf, o = [], np.random.randn(OBS).astype(np.float32)
for t in range(700):
    with torch.no_grad():
        u = pi(torch.from_numpy(o)[None])[0].numpy()
    u = np.clip(u + cfg["expl"] * np.random.randn(ACT), -1, 1).astype(np.float32)
    o2, r = env_step(o, u)
    buf.append((o, u, np.float32(r), o2))
    o = o2 if (t + 1) % 50 else np.random.randn(OBS).astype(np.float32)   # continuing task, restarted now and then
    if len(buf) < 128: continue
    b_o, b_u, b_r, b_o2 = (torch.from_numpy(np.stack(c)) for c in zip(*[buf[i] for i in np.random.randint(len(buf), size=cfg["batch"])]))
    with torch.no_grad():
        noise = (torch.randn_like(b_u) * cfg["policy_noise"]).clamp(-cfg["noise_clip"], cfg["noise_clip"])
        u2 = (pi_t(b_o2) + noise).clamp(-1, 1)
        y = b_r[:, None] + cfg["gamma"] * torch.min(*Q_t(b_o2, u2))
    q1, q2 = Q(b_o, b_u)
    loss = F.mse_loss(q1, y) + F.mse_loss(q2, y)
    opt_Q.zero_grad(); loss.backward(); opt_Q.step()
    if t % cfg["policy_freq"] == 0:
        pl = -Q(b_o, pi(b_o))[0].mean()
        opt_pi.zero_grad(); pl.backward(); opt_pi.step()
        with torch.no_grad():
            for net, tgt in ((pi, pi_t), (Q, Q_t)):
                for p, pt in zip(net.parameters(), tgt.parameters()):
                    pt.mul_(1 - cfg["tau"]).add_(cfg["tau"] * p)
print("critic loss", loss.item(), "mean reward (last 200)", float(np.mean([b[2] for b in buf[-200:]])))

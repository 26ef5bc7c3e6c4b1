import torch

torch.manual_seed(47)
state = torch.cumsum(0.3 * torch.randn(120), 0)
obs = state + 0.8 * torch.randn(120)
log_q = torch.zeros((), requires_grad=True)
log_r = torch.zeros((), requires_grad=True)
opt = torch.optim.Adam([log_q, log_r], lr=0.1)
for it in range(25):
    q, r = log_q.exp(), log_r.exp()
    m, P, nll = obs[0], torch.ones(()), 0.0
    for y in obs[1:]:
        P = P + q
        S = P + r
        e = y - m
        nll = nll + 0.5 * (S.log() + e * e / S)
        K = P / S
        m, P = m + K * e, (1 - K) * P
    opt.zero_grad()
    nll.backward()
    opt.step()
print("q", log_q.exp().item(), "r", log_r.exp().item())

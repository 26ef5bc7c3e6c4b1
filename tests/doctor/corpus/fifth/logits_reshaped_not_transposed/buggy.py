import torch as th
import torch.nn as nn
import torch.nn.functional as F

th.manual_seed(33)
B, T, C = 32, 20, 5


def walk(n):
    # noisy readings of a hidden state that switches now and then
    jump = (th.rand(n, T) < 0.25).long() * th.randint(1, C, (n, T))
    state = (th.randint(0, C, (n, 1)) + jump.cumsum(1)) % C
    return F.one_hot(state, C).float() + 0.5 * th.randn(n, T, C), state


class StateNet(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.rnn = nn.LSTM(C, hidden, batch_first=True, bidirectional=True)
        self.cls = nn.Linear(2 * hidden, C)

    def forward(self, obs):
        out, _ = self.rnn(obs)
        return self.cls(out)


def seq_loss(logits, state):
    return F.cross_entropy(logits.reshape(-1, C, T), state)


net = StateNet()
opt = th.optim.Adam(net.parameters(), lr=5e-3)
obs, state = walk(800)
vobs, vstate = walk(200)
for ep in range(6):
    net.train()
    for i in th.randperm(len(obs)).split(B):
        opt.zero_grad()
        seq_loss(net(obs[i]), state[i]).backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
    net.eval()
    with th.no_grad():
        print(ep, "per-step acc", (net(vobs).argmax(-1) == vstate).float().mean().item())

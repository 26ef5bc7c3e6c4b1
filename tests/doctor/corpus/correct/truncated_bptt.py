import torch
from torch import nn

torch.manual_seed(14)
signal = torch.sin(torch.arange(800) * 0.07).view(4, -1, 1)
rnn = nn.LSTM(1, 16, batch_first=True)
head = nn.Linear(16, 1)
params = [*rnn.parameters(), *head.parameters()]
opt = torch.optim.Adam(params, lr=1e-2)
K = 20
for epoch in range(3):
    state = None
    total = 0.0
    for t in range(0, signal.size(1) - K - 1, K):
        x, y = signal[:, t:t + K], signal[:, t + 1:t + K + 1]
        out, state = rnn(x, state)
        state = tuple(s.detach() for s in state)
        loss = nn.functional.mse_loss(head(out), y)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(params, 1.0)
        opt.step()
        total += loss.item()
    print("epoch", epoch, total)

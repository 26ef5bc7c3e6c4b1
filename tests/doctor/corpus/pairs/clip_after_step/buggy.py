import torch
import torch.nn as nn

torch.manual_seed(75)
V, T = 12, 15
data = torch.randint(0, V, (300, T + 1))
data[:, 1::2] = data[:, 0:-1:2]


class CharRNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(V, 16)
        self.r = nn.LSTM(16, 32, batch_first=True)
        self.o = nn.Linear(32, V)

    def forward(self, s):
        h, _ = self.r(self.e(s))
        return self.o(h)


m = CharRNN()
opt = torch.optim.SGD(m.parameters(), lr=1.0)
for epoch in range(3):
    m.train()
    for b in data[torch.randperm(300)].split(30):
        logits = m(b[:, :-1])
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), b[:, 1:].flatten())
        opt.zero_grad()
        loss.backward()
        opt.step()
        nn.utils.clip_grad_norm_(m.parameters(), 0.05)
    print(epoch, loss.item())

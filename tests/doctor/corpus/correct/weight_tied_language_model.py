import torch
from torch import nn


class TiedLM(nn.Module):
    def __init__(self, vocab, d):
        super().__init__()
        self.emb = nn.Embedding(vocab, d)
        nn.init.normal_(self.emb.weight, std=d ** -0.5)
        self.rnn = nn.GRU(d, d, batch_first=True)
        self.out = nn.Linear(d, vocab, bias=False)
        self.out.weight = self.emb.weight

    def forward(self, s):
        h, _ = self.rnn(self.emb(s))
        return self.out(h)


torch.manual_seed(7)
data = torch.arange(600) % 11
lm = TiedLM(11, 24)
opt = torch.optim.Adam(lm.parameters(), lr=5e-3)
for step in range(60):
    start = torch.randint(0, 580, (16,))
    chunk = torch.stack([data[s:s + 13] for s in start.tolist()])
    logits = lm(chunk[:, :-1])
    loss = nn.functional.cross_entropy(logits.reshape(-1, 11), chunk[:, 1:].reshape(-1))
    opt.zero_grad()
    loss.backward()
    opt.step()
print("loss", loss.item())

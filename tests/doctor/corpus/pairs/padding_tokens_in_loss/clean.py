import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence

PAD = 0
torch.manual_seed(12)


def make_pair():
    n = int(torch.randint(2, 9, (1,)))
    src = torch.randint(1, 15, (n,))
    return src, src.flip(0)


pairs = [make_pair() for _ in range(300)]
src = pad_sequence([p[0] for p in pairs], batch_first=True, padding_value=PAD)
tgt = pad_sequence([p[1] for p in pairs], batch_first=True, padding_value=PAD)


class Reverser(nn.Module):
    def __init__(self, vocab=15, d=24):
        super().__init__()
        self.emb = nn.Embedding(vocab, d, padding_idx=PAD)
        self.rnn = nn.GRU(d, d, batch_first=True, bidirectional=True)
        self.proj = nn.Linear(2 * d, vocab)

    def forward(self, s):
        return self.proj(self.rnn(self.emb(s))[0])


net = Reverser()
loss_fn = nn.CrossEntropyLoss(ignore_index=PAD)
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(4):
    net.train()
    for idx in torch.randperm(300).split(30):
        logits = net(src[idx])
        loss = loss_fn(logits.reshape(-1, 15), tgt[idx].reshape(-1))
        opt.zero_grad()
        loss.backward()
        opt.step()
    print("epoch", epoch, "loss", loss.item())

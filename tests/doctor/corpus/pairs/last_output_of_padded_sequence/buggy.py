import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence


class SentenceEncoder(nn.Module):
    def __init__(self, vocab=25, d=16):
        super().__init__()
        self.emb = nn.Embedding(vocab, d, padding_idx=0)
        self.rnn = nn.GRU(d, d, batch_first=True)
        self.fc = nn.Linear(d, 2)

    def forward(self, ids):
        out, _ = self.rnn(self.emb(ids))
        last = out[:, -1]
        return self.fc(last)


torch.manual_seed(97)
seqs = [torch.randint(1, 25, (int(n),)) for n in torch.randint(2, 25, (400,))]
label = torch.tensor([int(s[-1] > 12) for s in seqs])
ids = pad_sequence(seqs, batch_first=True)
net = SentenceEncoder()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(5):
    net.train()
    for i in torch.randperm(320).split(32):
        opt.zero_grad()
        nn.functional.cross_entropy(net(ids[i]), label[i]).backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        print(epoch, (net(ids[320:]).argmax(1) == label[320:]).float().mean().item())

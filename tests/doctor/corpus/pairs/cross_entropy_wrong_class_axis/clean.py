import torch
import torch.nn as nn

B, T, C, V = 32, 6, 6, 6
torch.manual_seed(70)


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(V, 16)
        self.lstm = nn.LSTM(16, 24, batch_first=True, bidirectional=True)
        self.out = nn.Linear(48, C)

    def forward(self, ids):
        h, _ = self.lstm(self.emb(ids))
        return self.out(h)


model = Tagger()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
crit = nn.CrossEntropyLoss()
for step in range(60):
    ids = torch.randint(0, V, (B, T))
    tags = (ids + ids.roll(1, 1)) % C
    logits = model(ids)
    loss = crit(logits.transpose(1, 2), tags)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 20 == 19:
        acc = (logits.argmax(-1) == tags).float().mean().item()
        print(step, round(loss.item(), 3), round(acc, 3))

import torch
from torch import nn

torch.manual_seed(56)
text = "the quick brown fox jumps over the lazy dog and runs into the deep dark wood " * 8
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text])
CTX, BS = 16, 24


def get_batch():
    ix = torch.randint(len(data) - CTX - 1, (BS,))
    x = torch.stack([data[i:i + CTX] for i in ix])
    y = torch.stack([data[i:i + CTX] for i in ix])
    return x, y


class LM(nn.Module):
    def __init__(self, v, d=32):
        super().__init__()
        self.emb = nn.Embedding(v, d)
        self.gru = nn.GRU(d, d, batch_first=True)
        self.out = nn.Linear(d, v)

    def forward(self, x):
        h, _ = self.gru(self.emb(x))
        return self.out(h)


lm = LM(len(chars))
opt = torch.optim.AdamW(lm.parameters(), lr=5e-3)
for step in range(80):
    x, y = get_batch()
    logits = lm(x)
    loss = nn.functional.cross_entropy(logits.transpose(1, 2), y)
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
    if step % 20 == 0:
        print(step, loss.item())

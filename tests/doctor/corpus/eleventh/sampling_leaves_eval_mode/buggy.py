import torch
import torch.nn as nn
import torch.nn.functional as F

SEED = 5
torch.manual_seed(SEED)

corpus = "hello world, this is a very small corpus for a very small model. " * 30
itos = sorted(set(corpus))
stoi = {ch: k for k, ch in enumerate(itos)}
ids = torch.tensor([stoi[ch] for ch in corpus])
CTX = 20


class CharLSTM(nn.Module):
    def __init__(self, n, emb=24, hid=64, p=0.3):
        super().__init__()
        self.emb = nn.Embedding(n, emb)
        self.drop = nn.Dropout(p)
        self.lstm = nn.LSTM(emb, hid, batch_first=True)
        self.fc = nn.Linear(hid, n)

    def forward(self, x, state=None):
        y, state = self.lstm(self.drop(self.emb(x)), state)
        return self.fc(self.drop(y)), state


@torch.no_grad()
def sample(model, prompt, n=30, temperature=0.8):
    model.eval()
    x = torch.tensor([[stoi[c] for c in prompt]])
    state, out = None, prompt
    for _ in range(n):
        logits, state = model(x, state)
        probs = F.softmax(logits[:, -1] / temperature, dim=-1)
        x = torch.multinomial(probs, 1)
        out += itos[x.item()]
    return out


model = CharLSTM(len(itos))
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
model.train()
for step in range(1, 121):
    starts = torch.randint(0, len(ids) - CTX - 1, (24,)).tolist()
    xb = torch.stack([ids[s:s + CTX] for s in starts])
    yb = torch.stack([ids[s + 1:s + CTX + 1] for s in starts])
    logits, _ = model(xb)
    loss = F.cross_entropy(logits.transpose(1, 2), yb)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    if step % 30 == 0:
        print(f"step {step} loss {loss.item():.3f} | {sample(model, 'he')!r}")

import math
import random
import torch
import torch.nn as nn
import torch.nn.functional as F

random.seed(7)
torch.manual_seed(7)

subjects = ["the cat", "a dog", "my uncle", "this robot"]
verbs = ["eats", "likes", "hides", "paints"]
objects = ["apples", "old boxes", "the moon", "cheese"]
text = " ".join(f"{random.choice(subjects)} {random.choice(verbs)} {random.choice(objects)}." for _ in range(500))
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
ids = torch.tensor([stoi[c] for c in text])
cut = int(len(ids) * 0.9)
train_ids, val_ids = ids[:cut], ids[cut:]
T = 40


def get_batch(source, n):
    starts = torch.randint(0, len(source) - T - 1, (n,)).tolist()
    x = torch.stack([source[s:s + T] for s in starts])
    y = torch.stack([source[s + 1:s + 1 + T] for s in starts])
    return x, y


class CharRNN(nn.Module):
    def __init__(self, vocab, dim=48):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.rnn = nn.GRU(dim, dim, batch_first=True)
        self.head = nn.Linear(dim, vocab)

    def forward(self, x, h=None):
        out, h = self.rnn(self.emb(x), h)
        return self.head(out), h


model = CharRNN(len(chars))
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for step in range(60):
    model.train()
    x, y = get_batch(train_ids, 16)
    logits, _ = model(x)
    loss = F.cross_entropy(logits.reshape(-1, len(chars)), y.reshape(-1))
    opt.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()

model.eval()
with torch.no_grad():
    x, y = get_batch(val_ids, 64)
    logits, _ = model(x)
    nll = F.cross_entropy(logits.reshape(-1, len(chars)), y.reshape(-1))
print(f"bits per char {nll.item() / math.log(2):.3f}")

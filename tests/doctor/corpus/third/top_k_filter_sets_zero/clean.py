import torch
import torch.nn as nn
import torch.nn.functional as F

names = ("anna hannah nina lena elena helena marina irina karina sabina martin justin robin "
         "albert robert hubert gilbert norbert herbert adrian julian fabian florian damian").split()
chars = ["."] + sorted(set("".join(names)))
stoi = {c: i for i, c in enumerate(chars)}
V, CTX = len(chars), 3


def build(words):
    X, Y = [], []
    for w in words:
        ctx = [0] * CTX
        for c in w + ".":
            X.append(ctx)
            Y.append(stoi[c])
            ctx = ctx[1:] + [stoi[c]]
    return torch.tensor(X), torch.tensor(Y)


class CharMLP(nn.Module):
    def __init__(self, emb=8, hid=64):
        super().__init__()
        self.C = nn.Embedding(V, emb)
        self.l1 = nn.Linear(CTX * emb, hid)
        self.l2 = nn.Linear(hid, V)

    def forward(self, x):
        return self.l2(torch.tanh(self.l1(self.C(x).flatten(1))))


def sample_next(logits, k, temperature=1.0):
    logits = logits / temperature
    kth = logits.topk(k, dim=-1).values[..., -1:]
    logits = torch.where(logits < kth, float("-inf"), logits)
    return torch.multinomial(F.softmax(logits, dim=-1), 1)


@torch.no_grad()
def generate(model, n, k=3, limit=15):
    model.eval()
    out = []
    for _ in range(n):
        ctx, word = [0] * CTX, ""
        while len(word) < limit:
            ix = sample_next(model(torch.tensor([ctx])), k).item()
            if ix == 0:
                break
            word += chars[ix]
            ctx = ctx[1:] + [ix]
        out.append(word)
    return out


torch.manual_seed(2)
X, Y = build(names)
m = CharMLP()
opt = torch.optim.AdamW(m.parameters(), lr=5e-3)
for it in range(400):
    ix = torch.randint(0, len(X), (32,))
    loss = F.cross_entropy(m(X[ix]), Y[ix])
    opt.zero_grad()
    loss.backward()
    opt.step()
print("loss", loss.item())
made = generate(m, 40)
print(made[:8], sum(w in names for w in made), "of 40 are known names")

import math
import random
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
rnd = random.Random(0)
WHO, DOES, WHERE = ["the fox", "a dog", "one old owl", "the cat"], ["sleeps", "runs", "sings", "waits"], ["in the barn", "by the lake", "at home"]
text = ". ".join(" ".join(map(rnd.choice, (WHO, DOES, WHERE))) for _ in range(200))
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text])
cut = int(0.9 * len(data))
train, val = data[:cut], data[cut:]
BLOCK, D, H = 32, 48, 4


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.proj = nn.Linear(D, 3 * D, bias=False), nn.Linear(D, D)
        self.register_buffer("mask", torch.ones(BLOCK, BLOCK).triu(1).bool(), persistent=False)

    def forward(self, x):
        b, t, _ = x.shape
        q, k, v = (z.view(b, t, H, D // H).transpose(1, 2) for z in self.qkv(x).chunk(3, -1))
        att = (q @ k.transpose(-2, -1)) / math.sqrt(D // H)
        att = att.masked_fill(self.mask[:t, :t], float("-inf")).softmax(-1)
        return self.proj((att @ v).transpose(1, 2).reshape(b, t, D))


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.n1, self.n2, self.att = nn.LayerNorm(D), nn.LayerNorm(D), Attention()
        self.ff = nn.Sequential(nn.Linear(D, 4 * D), nn.GELU(), nn.Linear(4 * D, D), nn.Dropout(0.1))

    def forward(self, x):
        x = x + self.att(self.n1(x))
        return x + self.ff(self.n2(x))


class GPT(nn.Module):
    def __init__(self, v):
        super().__init__()
        self.tok, self.pos = nn.Embedding(v, D), nn.Embedding(BLOCK, D)
        self.layers, self.norm = nn.Sequential(Layer(), Layer()), nn.LayerNorm(D)
        self.head = nn.Linear(D, v, bias=False)
        self.apply(self._init)
        self.head.weight = self.tok.weight       # tied after the initialisation

    @staticmethod
    def _init(m):
        if isinstance(m, (nn.Linear, nn.Embedding)):
            nn.init.normal_(m.weight, std=0.02)
            if getattr(m, "bias", None) is not None:
                nn.init.zeros_(m.bias)

    def forward(self, idx, targets=None):
        h = self.layers(self.tok(idx) + self.pos.weight[: idx.size(1)])
        logits = self.head(self.norm(h))
        return logits, None if targets is None else F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def batch(src, n=16):
    s = torch.randint(len(src) - BLOCK, (n,)).tolist()
    return torch.stack([src[i:i + BLOCK] for i in s]), torch.stack([src[i + 1:i + BLOCK + 1] for i in s])


net = GPT(len(chars))
opt = torch.optim.AdamW(net.parameters(), lr=3e-3, betas=(0.9, 0.95))   # parameters() yields the shared matrix once
for it in range(1, 121):
    net.train()
    _, loss = net(*batch(train))
    opt.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    opt.step()
    if it % 40 == 0:
        net.eval()
        with torch.no_grad():
            v = sum(net(*batch(val))[1].item() for _ in range(5)) / 5
        print(f"{it}: train {loss.item():.3f} val {v:.3f}")

net.eval()
out = torch.tensor([[stoi["t"]]])
with torch.no_grad():
    for _ in range(40):
        p = net(out[:, -BLOCK:])[0][:, -1].softmax(-1)
        out = torch.cat([out, torch.multinomial(p, 1)], 1)
print("".join(chars[i] for i in out[0]))

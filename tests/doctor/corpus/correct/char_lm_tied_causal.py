"""Character-level causal transformer LM with tied input/output embeddings, perplexity and sampling."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(1234)
gen = torch.Generator().manual_seed(99)

SUBJ = ["the cat", "a dog", "one bird", "my friend", "the child"]
VERB = ["sees", "likes", "follows", "finds", "draws"]
OBJ = ["the tree", "a ball", "the river", "an old map", "some bread"]


def pick(options):
    return options[int(torch.randint(len(options), (1,), generator=gen))]


text = " ".join(f"{pick(SUBJ)} {pick(VERB)} {pick(OBJ)}." for _ in range(700))
cut = int(0.9 * len(text))
chars = sorted(set(text[:cut]))
stoi = {c: i for i, c in enumerate(chars)}
assert set(text[cut:]) <= set(chars)
train_ids = torch.tensor([stoi[c] for c in text[:cut]])
val_ids = torch.tensor([stoi[c] for c in text[cut:]])
T, DIM, HEADS = 32, 32, 4


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(DIM), nn.LayerNorm(DIM)
        self.qkv, self.proj = nn.Linear(DIM, 3 * DIM), nn.Linear(DIM, DIM)
        self.mlp = nn.Sequential(nn.Linear(DIM, 4 * DIM), nn.GELU(), nn.Linear(4 * DIM, DIM), nn.Dropout(0.1))

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(self.n1(x)).view(b, t, 3, HEADS, d // HEADS).permute(2, 0, 3, 1, 4)
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(a.transpose(1, 2).reshape(b, t, d))
        return x + self.mlp(self.n2(x))


class CharLM(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok, self.pos = nn.Embedding(len(chars), DIM), nn.Embedding(T, DIM)
        self.blocks = nn.Sequential(Block(), Block())
        self.norm = nn.LayerNorm(DIM)
        self.head = nn.Linear(DIM, len(chars), bias=False)
        nn.init.normal_(self.tok.weight, std=0.02)
        nn.init.normal_(self.pos.weight, std=0.02)
        self.head.weight = self.tok.weight  # tied

    def forward(self, ids):
        x = self.tok(ids) + self.pos(torch.arange(ids.size(1), device=ids.device))
        return self.head(self.norm(self.blocks(x)))


def batch(ids, size):
    start = torch.randint(len(ids) - T, (size,)).tolist()
    x = torch.stack([ids[s : s + T] for s in start])
    y = torch.stack([ids[s + 1 : s + T + 1] for s in start])
    return x, y


def val_loss(model):
    """Every full validation window exactly once."""
    model.eval()
    n = (len(val_ids) - 1) // T
    x, y = val_ids[: n * T].view(n, T), val_ids[1 : n * T + 1].view(n, T)
    with torch.no_grad():
        return F.cross_entropy(model(x).flatten(0, 1), y.flatten()).item()


@torch.no_grad()
def sample(model, prompt, n, temperature=0.7):
    model.eval()
    ids = torch.tensor([[stoi[c] for c in prompt]])
    for _ in range(n):
        probs = F.softmax(model(ids[:, -T:])[:, -1] / temperature, -1)
        ids = torch.cat([ids, torch.multinomial(probs, 1)], 1)
    return "".join(chars[i] for i in ids[0].tolist())


model = CharLM()
decay = [p for p in model.parameters() if p.ndim >= 2]
rest = [p for p in model.parameters() if p.ndim < 2]
opt = torch.optim.AdamW([{"params": decay, "weight_decay": 0.05}, {"params": rest, "weight_decay": 0.0}], lr=5e-3)
STEPS, WARM = 160, 20
sched = torch.optim.lr_scheduler.LambdaLR(
    opt, lambda s: (s + 1) / WARM if s < WARM else 0.5 * (1 + math.cos(math.pi * (s - WARM) / (STEPS - WARM))))
for step in range(1, STEPS + 1):
    model.train()
    x, y = batch(train_ids, 24)
    loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
    opt.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    sched.step()
    if step % 40 == 0:
        v = val_loss(model)
        print(f"step {step}: train {loss.item():.3f} val {v:.3f} ppl {math.exp(v):.2f}")
print(sample(model, "the ", 60))

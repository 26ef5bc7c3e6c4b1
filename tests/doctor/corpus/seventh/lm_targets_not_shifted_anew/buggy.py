# char-level language model, exercise sheet 6
import random

import torch
import torch.nn as nn
import torch.nn.functional as F

rng = random.Random(0)
SUBJ = ["the quick fox", "the lazy dog", "a small grey cat", "the old baker", "my neighbour", "a child"]
VERB = ["jumps over", "sleeps under", "looks at", "runs around", "waits near"]
OBJ = ["the apple tree", "the long table", "a flat stone", "the river", "the open door", "the evening train"]
text = ""
while len(text) < 12000:
    text += f"{rng.choice(SUBJ)} {rng.choice(VERB)} {rng.choice(OBJ)}. "
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
itos = dict(enumerate(chars))
data = torch.tensor([stoi[c] for c in text])
cut = int(0.85 * len(text))
train_data, val_data = data[:cut], data[cut:]

T, B = 24, 32
torch.manual_seed(1337)


def get_batch(split):
    src = train_data if split == "train" else val_data
    starts = torch.randint(0, len(src) - T, (B,)).tolist()
    x = torch.stack([src[s:s + T] for s in starts])
    y = torch.stack([src[s:s + T] for s in starts])
    return x, y


class CharGRU(nn.Module):
    def __init__(self, vocab, dim=48):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.norm = nn.LayerNorm(dim)
        self.lm_head = nn.Linear(dim, vocab, bias=False)
        self.lm_head.weight = self.embed.weight  # tied
        nn.init.normal_(self.embed.weight, std=0.1)

    def forward(self, idx, state=None):
        h, state = self.gru(self.embed(idx), state)
        return self.lm_head(self.norm(h)), state


@torch.no_grad()
def estimate(model, rounds=4):
    model.eval()
    out = {}
    for split in ("train", "val"):
        losses = []
        for _ in range(rounds):
            x, y = get_batch(split)
            logits, _ = model(x)
            losses.append(F.cross_entropy(logits.flatten(0, 1), y.flatten()).item())
        out[split] = sum(losses) / rounds
    model.train()
    return out


@torch.no_grad()
def generate(model, prompt, n):
    model.eval()
    logits, state = model(torch.tensor([[stoi[c] for c in prompt]]))
    result = prompt
    for _ in range(n):
        probs = logits[:, -1].softmax(dim=-1)
        nxt = torch.multinomial(probs, 1)
        result += itos[nxt.item()]
        logits, state = model(nxt, state)
    model.train()
    return result


model = CharGRU(len(chars))
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
for it in range(73):
    if it % 36 == 0:
        print(it, {k: round(v, 3) for k, v in estimate(model).items()})
    x, y = get_batch("train")
    logits, _ = model(x)
    loss = F.cross_entropy(logits.flatten(0, 1), y.flatten())
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
print(generate(model, "the ", 60))

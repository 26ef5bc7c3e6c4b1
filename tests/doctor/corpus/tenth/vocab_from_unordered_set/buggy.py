"""Word level next-word model.

  python words.py            train, store the weights, write some text
  python words.py --generate use the stored weights only
"""
import argparse
import os

import torch
import torch.nn as nn

TEXT = """the cat sat on the mat and the dog sat on the log
the dog saw the cat and the cat saw the dog
a bird sang in the tree and the cat sat under the tree
the bird saw the cat and flew to the log near the mat""".split()
WEIGHTS = "words.pt"
CONTEXT = 3


def build_vocab(words):
    vocab = list(set(words))
    stoi = {w: i for i, w in enumerate(vocab)}
    return vocab, stoi


class NextWord(nn.Module):
    def __init__(self, vocab_size, dim=24):
        super().__init__()
        self.emb = nn.Embedding(vocab_size, dim)
        self.mlp = nn.Sequential(nn.Linear(CONTEXT * dim, 64), nn.Tanh(), nn.Linear(64, vocab_size))

    def forward(self, ids):
        return self.mlp(self.emb(ids).flatten(1))


def train(model, stoi, steps=250):
    ids = torch.tensor([stoi[w] for w in TEXT])
    ctx = ids.unfold(0, CONTEXT, 1)[:-1]
    nxt = ids[CONTEXT:]
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(steps):
        opt.zero_grad()
        loss = nn.functional.cross_entropy(model(ctx), nxt)
        loss.backward()
        opt.step()
    print("train loss", round(loss.item(), 4))
    torch.save(model.state_dict(), WEIGHTS)


@torch.no_grad()
def generate(model, vocab, stoi, prompt, n=12):
    model.eval()
    words = prompt.split()
    for _ in range(n):
        ids = torch.tensor([[stoi[w] for w in words[-CONTEXT:]]])
        words.append(vocab[model(ids).argmax(-1).item()])
    return " ".join(words)


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--generate", action="store_true")
    args = ap.parse_args()
    torch.manual_seed(3)
    vocab, stoi = build_vocab(TEXT)
    model = NextWord(len(vocab))
    if not (args.generate and os.path.exists(WEIGHTS)):
        train(model, stoi)
    model.load_state_dict(torch.load(WEIGHTS))
    print(generate(model, vocab, stoi, "the cat sat"))

import json
import os
import tempfile
from collections import Counter

import torch
import torch.nn as nn

WORDS = {
    "sports": "ball goal team match coach win race".split(),
    "economy": "market bank price trade stock tax euro".split(),
    "science": "atom cell star test lab theory data".split(),
    "travel": "beach hotel plane island trip map visa".split(),
}
COMMON = "the a and of to in it was on new".split()


def article(topic, gen):
    pool = WORDS[topic] * 2 + COMMON * 2 + [w for ws in WORDS.values() for w in ws]
    picks = torch.randint(len(pool), (25,), generator=gen)
    return [pool[i] for i in picks.tolist()]


def corpus(topics, per_topic, seed):
    gen = torch.Generator().manual_seed(seed)
    return [(article(t, gen), t) for t in topics for _ in range(per_topic)]


def vectorize(texts, vocab):
    out = torch.zeros(len(texts), len(vocab))
    for row, words in enumerate(texts):
        for w, c in Counter(words).items():
            if w in vocab:
                out[row, vocab[w]] = c
    return out


def index_of(items):
    return {item: i for i, item in enumerate(sorted(set(items)))}


def train(folder):
    docs = corpus(list(WORDS), 80, seed=0)
    texts, topics = zip(*docs)
    vocab = index_of(w for words in texts for w in words)
    labels = index_of(topics)
    x = vectorize(texts, vocab)
    y = torch.tensor([labels[t] for t in topics])
    model = nn.Sequential(nn.Linear(len(vocab), 32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, len(labels)))
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    model.train()
    for epoch in range(10):
        for idx in torch.randperm(len(x)).split(32):
            opt.zero_grad()
            nn.functional.cross_entropy(model(x[idx]), y[idx]).backward()
            opt.step()
    torch.save(model.state_dict(), os.path.join(folder, "model.pt"))
    with open(os.path.join(folder, "meta.json"), "w") as f:
        json.dump({"vocab": vocab, "labels": labels}, f)


def evaluate(folder, docs):
    with open(os.path.join(folder, "meta.json")) as f:
        meta = json.load(f)
    vocab = meta["vocab"]
    texts, topics = zip(*docs)
    labels = meta["labels"]
    model = nn.Sequential(nn.Linear(len(vocab), 32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, len(meta["labels"])))
    model.load_state_dict(torch.load(os.path.join(folder, "model.pt"), weights_only=True))
    model.eval()
    with torch.no_grad():
        pred = model(vectorize(texts, vocab)).argmax(dim=1)
    truth = torch.tensor([labels[t] for t in topics])
    return (pred == truth).float().mean().item()


if __name__ == "__main__":
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        train(folder)
        print("all topics   ", round(evaluate(folder, corpus(list(WORDS), 25, seed=1)), 3))
        print("this week    ", round(evaluate(folder, corpus(["sports", "travel"], 25, seed=2)), 3))

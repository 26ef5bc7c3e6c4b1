import random
from collections import Counter

import torch
from torch import nn

SUBJECTS = {"sport": "goal match coach league striker medal stadium team".split(),
            "food": "recipe oven butter spice dinner sauce flour taste".split(),
            "tech": "laptop chip server code battery pixel kernel cloud".split()}
FILLER = "the a of today very new with people said year big from".split()


def write_text(topic):
    words = random.choices(SUBJECTS[topic], k=3) + random.choices(FILLER, k=6)
    random.shuffle(words)
    return " ".join(words)


def build_vocab(texts, max_size=60):
    counts = Counter(w for t in texts for w in t.split())
    return {w: i + 1 for i, (w, _) in enumerate(counts.most_common(max_size))}


def encode(texts, vocab):
    # every text has nine words; 0 stands for unknown
    return torch.tensor([[vocab.get(w, 0) for w in t.split()] for t in texts])


class BagOfWords(nn.Module):
    def __init__(self, rows, classes):
        super().__init__()
        self.bag = nn.EmbeddingBag(rows, 16, mode="mean")
        self.head = nn.Linear(16, classes)

    def forward(self, ids):
        return self.head(self.bag(ids))


random.seed(13)
torch.manual_seed(13)
topics = sorted(SUBJECTS)
y_train = [random.randrange(3) for _ in range(450)]
y_test = [random.randrange(3) for _ in range(150)]
train_texts = [write_text(topics[k]) for k in y_train]
test_texts = [write_text(topics[k]) for k in y_test]
y_train, y_test = torch.tensor(y_train), torch.tensor(y_test)

vocab = build_vocab(train_texts)
x_train = encode(train_texts, vocab)
x_test = encode(test_texts, build_vocab(test_texts))

model = BagOfWords(len(vocab) + 1, len(topics))
opt = torch.optim.Adam(model.parameters(), lr=0.02)
for epoch in range(10):
    model.train()
    for idx in torch.randperm(len(y_train)).split(45):
        opt.zero_grad()
        loss = nn.functional.cross_entropy(model(x_train[idx]), y_train[idx])
        loss.backward()
        opt.step()
model.eval()
with torch.no_grad():
    print("train", (model(x_train).argmax(1) == y_train).float().mean().item())
    print("test ", (model(x_test).argmax(1) == y_test).float().mean().item())

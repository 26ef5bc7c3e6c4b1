import random
from collections import Counter
import torch
from torch import nn

random.seed(3)
torch.manual_seed(3)

POS = "superb lovely bright charming moving witty".split()
NEG = "dull awful noisy clumsy boring weak".split()
FILL = "the film was a story with actors and music in one long scene about people".split()


def review():
    label = random.randint(0, 1)
    words = random.choices(FILL, k=random.randint(5, 9)) + random.sample(POS if label else NEG, 2)
    random.shuffle(words)
    return " ".join(words), label


class Vocabulary:
    def __init__(self, min_count=1):
        self.min_count = min_count
        self.index = {"<pad>": 0, "<unk>": 1}

    def fit(self, texts):
        counts = Counter(w for t in texts for w in t.split())
        self.index = {"<pad>": 0, "<unk>": 1}
        for w, c in counts.most_common():
            if c >= self.min_count:
                self.index[w] = len(self.index)
        return self

    def transform(self, texts, width=12):
        table = torch.zeros(len(texts), width, dtype=torch.long)
        for r, t in enumerate(texts):
            ids = [self.index.get(w, 1) for w in t.split()][:width]
            table[r, :len(ids)] = torch.tensor(ids)
        return table

    def fit_transform(self, texts, width=12):
        return self.fit(texts).transform(texts, width)


class BagModel(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.bag = nn.EmbeddingBag(size, 16, mode="mean", padding_idx=0)
        self.out = nn.Linear(16, 2)

    def forward(self, ids):
        return self.out(self.bag(ids))


train_texts, train_y = zip(*[review() for _ in range(600)])
test_texts, test_y = zip(*[review() for _ in range(200)])
train_y, test_y = torch.tensor(train_y), torch.tensor(test_y)

vocab = Vocabulary()
train_x = vocab.fit_transform(train_texts)
model = BagModel(len(vocab.index))
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(10):
    model.train()
    for rows in torch.randperm(len(train_x)).split(50):
        opt.zero_grad()
        nn.functional.cross_entropy(model(train_x[rows]), train_y[rows]).backward()
        opt.step()

model.eval()
test_x = vocab.transform(test_texts)
with torch.no_grad():
    print("train", (model(train_x).argmax(1) == train_y).float().mean().item())
    print("test", (model(test_x).argmax(1) == test_y).float().mean().item())

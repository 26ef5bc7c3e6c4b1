import random
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence

random.seed(19)
torch.manual_seed(19)

PAD = 0
GOOD = ["brilliant", "charming", "lovely"]
BAD = ["awful"]
FILLER = "film plot hero scene music ending story camera it was the but with".split()


def review():
    label = random.randint(0, 1)
    words = random.choices(FILLER, k=random.randint(4, 14))
    if label == 0:
        words.insert(random.randrange(len(words)), random.choice(BAD))
    elif random.random() < 0.6:
        words.insert(random.randrange(len(words)), random.choice(GOOD))
    return words, label


def build_vocab(texts):
    words = sorted({w for words, _ in texts for w in words})
    return {w: i for i, w in enumerate(words, start=1)}


def encode(texts, vocab):
    ids = [torch.tensor([vocab[w] for w in words if w in vocab]) for words, _ in texts]
    return pad_sequence(ids, batch_first=True, padding_value=PAD), torch.tensor([l for _, l in texts])


class BagOfWords(nn.Module):
    def __init__(self, size, dim=16):
        super().__init__()
        self.emb = nn.Embedding(size, dim, padding_idx=PAD)
        self.out = nn.Linear(dim, 2)

    def forward(self, ids):
        mask = (ids != PAD).unsqueeze(-1).float()
        mean = (self.emb(ids) * mask).sum(1) / mask.sum(1).clamp(min=1)
        return self.out(mean)


train_texts = [review() for _ in range(500)]
test_texts = [review() for _ in range(200)]
vocab = build_vocab(train_texts)
x, y = encode(train_texts, vocab)
x_test, y_test = encode(test_texts, vocab)

model = BagOfWords(len(vocab) + 1)
opt = torch.optim.Adam(model.parameters(), lr=0.02)
for epoch in range(10):
    model.train()
    for idx in torch.randperm(len(x)).split(25):
        opt.zero_grad()
        nn.functional.cross_entropy(model(x[idx]), y[idx]).backward()
        opt.step()

model.eval()
with torch.no_grad():
    print("test acc", (model(x_test).argmax(1) == y_test).float().mean().item())

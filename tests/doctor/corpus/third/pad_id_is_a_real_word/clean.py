import random
import torch
from torch import nn
from torch.utils.data import DataLoader

PAD_ID = 0
NEG = ['not']
POLAR = {'good': 1, 'nice': 1, 'fun': 1, 'bad': 0, 'sad': 0, 'dull': 0}
NEUTRAL = ['movie', 'plot', 'really', 'today', 'quite', 'very', 'scene', 'ending', 'we', 'saw']


def phrase(r):
    word = r.choice(sorted(POLAR))
    label = POLAR[word]
    text = [word]
    if r.random() < 0.5:
        text, label = ['not', word], 1 - label
    front = r.choices(NEUTRAL, k=r.randint(1, 4))
    back = r.choices(NEUTRAL, k=r.randint(0, 4))
    return front + text + back, label


class Tokenizer:
    def __init__(self, words):
        self.word2id = {w: i for i, w in enumerate(words, start=1)}

    @property
    def size(self):
        return len(self.word2id) + 1

    def encode(self, words, max_len):
        ids = [self.word2id[w] for w in words][:max_len]
        return ids + [PAD_ID] * (max_len - len(ids))


class AttentionPool(nn.Module):
    """Bag of words, pooled with learned attention."""

    def __init__(self, n_tokens, dim=24):
        super().__init__()
        self.embed = nn.Embedding(n_tokens, dim, padding_idx=PAD_ID)
        self.score = nn.Linear(dim, 1)
        self.out = nn.Sequential(nn.Linear(dim, 48), nn.ReLU(), nn.Linear(48, 2))

    def forward(self, ids):
        real = (ids != PAD_ID)
        h = self.embed(ids)
        a = self.score(h).squeeze(-1).masked_fill(~real, float('-inf')).softmax(-1)
        return self.out((a.unsqueeze(-1) * h).sum(1))


def make_set(n, seed, tok, max_len=10):
    r = random.Random(seed)
    pairs = [phrase(r) for _ in range(n)]
    return [(torch.tensor(tok.encode(words, max_len)), label) for words, label in pairs]


def main():
    torch.manual_seed(0)
    tok = Tokenizer(NEG + sorted(POLAR) + NEUTRAL)
    train = DataLoader(make_set(600, 1, tok), batch_size=30, shuffle=True)
    test_set = make_set(200, 2, tok)
    model = AttentionPool(tok.size)
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(12):
        model.train()
        for ids, label in train:
            opt.zero_grad()
            nn.functional.cross_entropy(model(ids), label).backward()
            opt.step()
    model.eval()
    with torch.no_grad():
        acc = sum((model(i).argmax(1) == l).sum().item() for i, l in DataLoader(test_set, batch_size=100)) / len(test_set)
    print('test accuracy', acc)


main()

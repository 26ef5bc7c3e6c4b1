import random
from collections import Counter

import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader
from torch.nn.utils.rnn import pad_sequence

PAD, UNK = 0, 1
GOOD = 'great lovely superb charming witty warm'.split()
BAD = 'dull awful clumsy boring bland cold'.split()
FILL = 'the film was a story with actors and music in some city about people who talk'.split()


def write_reviews(n, seed):
    rnd = random.Random(seed)
    texts, labels = [], []
    for _ in range(n):
        label = rnd.randrange(2)
        words = rnd.choices(FILL, k=rnd.randint(4, 10)) + rnd.choices(GOOD if label else BAD, k=2)
        rnd.shuffle(words)
        texts.append(' '.join(words))
        labels.append(label)
    return texts, labels


class ReviewDataset(Dataset):
    def __init__(self, texts, labels, vocab=None, min_freq=1):
        self.tokens = [t.lower().split() for t in texts]
        self.labels = labels
        if vocab is None:
            counts = Counter(w for toks in self.tokens for w in toks)
            kept = [w for w, c in counts.most_common() if c >= min_freq]
            vocab = {w: i + 2 for i, w in enumerate(kept)}
        self.vocab = vocab

    def __len__(self):
        return len(self.tokens)

    def __getitem__(self, i):
        ids = [self.vocab.get(w, UNK) for w in self.tokens[i]]
        return torch.tensor(ids), self.labels[i]


def collate(batch):
    ids, labels = zip(*batch)
    return pad_sequence(ids, batch_first=True, padding_value=PAD), torch.tensor(labels)


class BagOfVectors(nn.Module):
    def __init__(self, n_tokens, dim=16, n_out=2):
        super().__init__()
        self.emb = nn.EmbeddingBag(n_tokens, dim, mode='mean', padding_idx=PAD)
        self.out = nn.Linear(dim, n_out)

    def forward(self, ids):
        return self.out(self.emb(ids))


def train(model, loader, epochs=6):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    criterion = nn.CrossEntropyLoss()
    model.train()
    for _ in range(epochs):
        for ids, labels in loader:
            optimizer.zero_grad()
            criterion(model(ids), labels).backward()
            optimizer.step()


def test(model, loader):
    model.eval()
    hit = 0
    with torch.no_grad():
        for ids, labels in loader:
            hit += (model(ids).argmax(-1) == labels).sum().item()
    return hit / len(loader.dataset)


def main():
    torch.manual_seed(0)
    train_ds = ReviewDataset(*write_reviews(600, seed=1))
    test_ds = ReviewDataset(*write_reviews(200, seed=2))
    model = BagOfVectors(len(train_ds.vocab) + 2)
    train(model, DataLoader(train_ds, batch_size=32, shuffle=True, collate_fn=collate))
    print('test accuracy', test(model, DataLoader(test_ds, batch_size=64, collate_fn=collate)))


if __name__ == '__main__':
    main()

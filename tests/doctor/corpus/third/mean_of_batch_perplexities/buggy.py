import math
import random
import torch
from torch import nn, optim
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

ALPHABET = 'abcdefgh'
BOS, EOS, PAD = 8, 9, 10


def make_word(r):
    n = r.randint(2, 14)
    w, i = [], r.randrange(8)
    for _ in range(n):
        w.append(i)
        i = (i + r.choice([1, 1, 1, 2, 5])) % 8
    return torch.tensor([BOS] + w + [EOS])


def collate(words):
    x = pad_sequence([w[:-1] for w in words], batch_first=True, padding_value=PAD)
    y = pad_sequence([w[1:] for w in words], batch_first=True, padding_value=PAD)
    return x, y


class CharLM(nn.Module):
    def __init__(self, v=11, d=16, h=48):
        super().__init__()
        self.emb = nn.Embedding(v, d, padding_idx=PAD)
        self.rnn = nn.LSTM(d, h, batch_first=True)
        self.out = nn.Linear(h, v)

    def forward(self, x):
        return self.out(self.rnn(self.emb(x))[0])


criterion = nn.CrossEntropyLoss(ignore_index=PAD, reduction='sum')


def nll(model, x, y):
    logits = model(x)
    return criterion(logits.flatten(0, 1), y.flatten()), int((y != PAD).sum())


def perplexity(model, loader):
    model.eval()
    ppl = 0.0
    with torch.no_grad():
        for x, y in loader:
            loss, n = nll(model, x, y)
            ppl += math.exp(loss.item() / n)
    return ppl / len(loader)


def main():
    torch.manual_seed(0)
    r = random.Random(0)
    train = DataLoader([make_word(r) for _ in range(400)], batch_size=20, shuffle=True, collate_fn=collate)
    valid = DataLoader([make_word(r) for _ in range(90)], batch_size=4, collate_fn=collate)
    model = CharLM()
    opt = optim.Adam(model.parameters(), lr=5e-3)
    for epoch in range(4):
        model.train()
        for x, y in train:
            loss, n = nll(model, x, y)
            opt.zero_grad()
            (loss / n).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
        print('epoch %d valid ppl %.3f' % (epoch, perplexity(model, valid)))


main()

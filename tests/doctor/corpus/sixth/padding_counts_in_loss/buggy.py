import random

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

TAGS = ["<pad>", "NOUN", "VERB", "ADJ", "DET"]
WORDS = {
    "NOUN": ["cat", "dog", "tree", "house", "run", "walk"],
    "VERB": ["sees", "likes", "finds", "run", "walk"],
    "ADJ": ["big", "green", "old"],
    "DET": ["the", "a", "every"],
}
RULES = [["DET", "NOUN", "VERB"], ["DET", "ADJ", "NOUN", "VERB", "DET", "NOUN"], ["NOUN", "VERB"],
         ["DET", "ADJ", "ADJ", "NOUN", "VERB", "DET", "ADJ", "NOUN", "VERB", "DET", "NOUN"]]
VOCAB = {"<pad>": 0}
for group in WORDS.values():
    for word in group:
        VOCAB.setdefault(word, len(VOCAB))


def sentence(rng):
    tags = rng.choice(RULES)
    return [VOCAB[rng.choice(WORDS[t])] for t in tags], [TAGS.index(t) for t in tags]


def collate(items):
    words = pad_sequence([torch.tensor(w) for w, _ in items], batch_first=True)
    tags = pad_sequence([torch.tensor(t) for _, t in items], batch_first=True)
    return words, tags, torch.tensor([len(w) for w, _ in items])


class Tagger(nn.Module):
    def __init__(self, dim=24):
        super().__init__()
        self.embed = nn.Embedding(len(VOCAB), dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, dim, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * dim, len(TAGS))

    def forward(self, words, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(self.embed(words), lengths, batch_first=True, enforce_sorted=False)
        states, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return self.out(states)


def tagging_loss(logits, tags):
    return nn.functional.cross_entropy(logits.flatten(0, 1), tags.flatten())


rng = random.Random(17)
torch.manual_seed(17)
train_loader = DataLoader([sentence(rng) for _ in range(400)], batch_size=20, shuffle=True, collate_fn=collate)
test_loader = DataLoader([sentence(rng) for _ in range(150)], batch_size=50, collate_fn=collate)
model = Tagger()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(3):
    model.train()
    for words, tags, lengths in train_loader:
        optimizer.zero_grad()
        tagging_loss(model(words, lengths), tags).backward()
        optimizer.step()
    model.eval()
    right = total = 0
    with torch.no_grad():
        for words, tags, lengths in test_loader:
            real = tags != 0
            right += (model(words, lengths).argmax(-1)[real] == tags[real]).sum().item()
            total += real.sum().item()
    print(f"epoch {epoch}: tag accuracy {right / total:.4f}")

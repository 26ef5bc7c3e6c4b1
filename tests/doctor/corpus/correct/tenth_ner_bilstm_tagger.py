import random

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader

random.seed(23)
torch.manual_seed(23)

TAGS = ["O", "PER", "LOC"]
IGNORE = -100
FIRST = ["anna", "ben", "carla", "dmitri", "eva", "farid"]
PLACES = ["oslo", "paris", "lima", "cairo", "washington", "florence"]
PEOPLE = FIRST + ["washington", "florence"]  # two words are ambiguous without context
TEMPLATES = [
    "P went to L yesterday", "in L it rained", "P met P in L", "nobody from L called P",
    "the mayor of L thanked P warmly", "we saw P", "they moved from L to L", "P sings",
]


def sentence():
    words, tags = [], []
    for w in random.choice(TEMPLATES).split():
        if w == "P":
            words.append(random.choice(PEOPLE))
            tags.append(TAGS.index("PER"))
        elif w == "L":
            words.append(random.choice(PLACES))
            tags.append(TAGS.index("LOC"))
        else:
            words.append(w)
            tags.append(TAGS.index("O"))
    return tuple(words), tuple(tags)


corpus = set()
while len(corpus) < 500:
    corpus.add(sentence())
corpus = sorted(corpus)
random.shuffle(corpus)
train, test = corpus[:400], corpus[400:]
word2id = {"<pad>": 0, "<unk>": 1}
for words, _ in train:
    for w in words:
        word2id.setdefault(w, len(word2id))


def collate(batch):
    xs = [torch.tensor([word2id.get(w, 1) for w in words]) for words, _ in batch]
    ys = [torch.tensor(tags) for _, tags in batch]
    lengths = torch.tensor([len(x) for x in xs])
    return (
        pad_sequence(xs, batch_first=True, padding_value=0),
        pad_sequence(ys, batch_first=True, padding_value=IGNORE),
        lengths,
    )


class Tagger(nn.Module):
    def __init__(self, vocab, n_tags):
        super().__init__()
        self.emb = nn.Embedding(vocab, 20, padding_idx=0)
        self.lstm = nn.LSTM(20, 20, batch_first=True, bidirectional=True)
        self.drop = nn.Dropout(0.2)
        self.out = nn.Linear(40, n_tags)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.drop(self.emb(x)), lengths, batch_first=True, enforce_sorted=False)
        h, _ = self.lstm(packed)
        h, _ = pad_packed_sequence(h, batch_first=True, total_length=x.size(1))
        return self.out(self.drop(h))


model = Tagger(len(word2id), len(TAGS))
criterion = nn.CrossEntropyLoss(ignore_index=IGNORE)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
train_loader = DataLoader(train, batch_size=25, shuffle=True, collate_fn=collate)
test_loader = DataLoader(test, batch_size=50, collate_fn=collate)

for epoch in range(5):
    model.train()
    loss_sum = tokens = 0
    for x, y, lengths in train_loader:
        logits = model(x, lengths)
        loss = criterion(logits.flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * lengths.sum().item()
        tokens += lengths.sum().item()
    print(f"epoch {epoch}: loss per token {loss_sum / tokens:.4f}")

model.eval()
right = total = 0
with torch.no_grad():
    for x, y, lengths in test_loader:
        pred = model(x, lengths).argmax(dim=-1)
        entity = y > 0
        right += (pred[entity] == y[entity]).sum().item()
        total += entity.sum().item()
print(f"entity token recall {right}/{total} = {right / total:.3f}")

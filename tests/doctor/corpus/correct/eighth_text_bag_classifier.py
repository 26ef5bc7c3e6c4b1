"""
Text classification tutorial
============================

We classify short messages into three topics.  Everything - vocabulary, batching
with offsets, training, prediction - is in this file.
"""
import random
import re
from collections import Counter

import torch
from torch import nn
from torch.utils.data import DataLoader

######################################################################
# 1. Data.  Templates stand in for a file that we'd read from disk.

random.seed(0)
torch.manual_seed(0)

SLOTS = {
    "sports": (["team", "coach", "goal", "match", "league", "striker"], ["won", "lost", "scored", "trained"]),
    "cooking": (["soup", "oven", "recipe", "butter", "dough", "sauce"], ["baked", "stirred", "tasted", "burned"]),
    "space": (["rocket", "orbit", "planet", "probe", "comet", "launch"], ["landed", "orbited", "passed", "exploded"]),
}
FILLER = "the a yesterday again in our with very old new big small".split()
LABELS = sorted(SLOTS)


def sentence(label):
    nouns, verbs = SLOTS[label]
    words = random.choices(nouns, k=random.randint(1, 2)) + random.choices(verbs, k=random.randint(0, 1))
    words += random.choices(FILLER, k=random.randint(2, 6))
    while random.random() < 0.4:                    # words from any topic
        words.append(random.choice(SLOTS[random.choice(LABELS)][random.randint(0, 1)]))
    random.shuffle(words)
    return " ".join(words)


corpus = [(sentence(l), LABELS.index(l)) for l in LABELS for _ in range(200)]
random.shuffle(corpus)
# Templates can give one sentence twice; keep one of each, so that no text is in two parts.
corpus = list({text: (text, label) for text, label in corpus}.values())
n_test = len(corpus) // 5
train_set, valid_set, test_set = corpus[2 * n_test:], corpus[:n_test], corpus[n_test:2 * n_test]

######################################################################
# 2. Vocabulary, from the training texts only.  Index 0 is the unknown word.

tokenize = re.compile(r"\w+").findall
counts = Counter(tok for text, _ in train_set for tok in tokenize(text.lower()))
itos = ["<unk>"] + [w for w, c in counts.most_common() if c >= 2]
stoi = {w: i for i, w in enumerate(itos)}


def encode(text):
    return [stoi.get(tok, 0) for tok in tokenize(text.lower())]


######################################################################
# 3. ``EmbeddingBag`` takes one long row of token ids and where each text begins.

def collate(batch):
    ids, offsets, labels = [], [], []
    for text, label in batch:
        offsets.append(len(ids))
        ids.extend(encode(text))
        labels.append(label)
    return torch.tensor(ids), torch.tensor(offsets), torch.tensor(labels)


class TextModel(nn.Module):
    def __init__(self, vocab, dim, classes):
        super().__init__()
        self.embedding = nn.EmbeddingBag(vocab, dim, mode="mean")
        self.fc = nn.Linear(dim, classes)
        self.reset_parameters()

    def reset_parameters(self):
        bound = 0.5
        self.embedding.weight.data.uniform_(-bound, bound)
        self.fc.weight.data.uniform_(-bound, bound)
        self.fc.bias.data.zero_()

    def forward(self, ids, offsets):
        return self.fc(self.embedding(ids, offsets))


model = TextModel(len(itos), 16, len(LABELS))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=4.0)     # the tutorial's large rate: tiny bag model
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.3)


def train(loader):
    model.train()
    for ids, offsets, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(ids, offsets), labels)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()


def evaluate(loader):
    model.eval()
    right, count = 0, 0
    with torch.no_grad():
        for ids, offsets, labels in loader:
            right += (model(ids, offsets).argmax(1) == labels).sum().item()
            count += labels.size(0)
    return right / count


######################################################################
# 4. Train.  The rate falls only when the validation accuracy stops rising.

train_loader = DataLoader(train_set, 8, shuffle=True, collate_fn=collate)
valid_loader = DataLoader(valid_set, 64, collate_fn=collate)
test_loader = DataLoader(test_set, 64, collate_fn=collate)

best = None
for epoch in range(1, 9):
    train(train_loader)
    acc = evaluate(valid_loader)
    if best is not None and best > acc:
        scheduler.step()
    else:
        best = acc
    print(f"epoch {epoch}  lr {optimizer.param_groups[0]['lr']:.3f}  valid accuracy {acc:.3f}")

print(f"test accuracy {evaluate(test_loader):.3f}")

######################################################################
# 5. Predict

model.eval()
with torch.no_grad():
    for text in ["our rocket landed again", "the coach scored", "very old dough burned"]:
        label = model(torch.tensor(encode(text)), torch.tensor([0])).argmax(1).item()
        print(f"{text!r}: {LABELS[label]}")
